import { refuse } from '../options.ts'
import { changeContext, currentContext, runInContext } from './context.ts'

/** The nested diagnostic context: a stack of texts that say where the program is. */
export interface NestedContext {
  /**
   * Calls `work` with one more text on the stack, and gives what it gives. It is there in all that `work` calls
   * and starts, however long that takes, and nowhere else.
   * @throws LogflumeError INVALID_OPTION where `text` is no text, or `work` no function.
   */
  run<T>(text: string, work: () => T): T
  /**
   * Puts a text on the stack, of the innermost run around the caller; outside of any, of the process. A stack
   * that is `maxDepth` high stays as it is.
   * @throws LogflumeError INVALID_OPTION where it is no text.
   */
  push(text: string): void
  /** Takes the last text off the stack; undefined where there is none. */
  pop(): string | undefined
  /** The last text, which stays; undefined where there is none. */
  peek(): string | undefined
  /** All texts with spaces between them, as `%x` shows them. */
  get(): string
  /** How many texts there are. */
  readonly depth: number
  /**
   * The most texts that a stack takes. For the whole process.
   * @default 256
   * @throws LogflumeError INVALID_OPTION where it is no whole number of at least 1.
   */
  maxDepth: number
  /** Takes all texts off. */
  clear(): void
  /** The texts as they are now, the outermost first; for `inherit`, elsewhere. */
  cloneStack(): readonly string[]
  /**
   * Takes a stack from elsewhere, in place of the one here.
   * @throws LogflumeError INVALID_OPTION where it is no array of texts.
   */
  inherit(stack: readonly string[]): void
}

let maxDepth = 256

/** Log4r's NDC, on Node's AsyncLocalStorage. */
export const ndc: NestedContext = {
  run(text, work) {
    if (typeof work !== 'function') refuse('work of ndc.run', 'a function', work)
    return runInContext({ ndc: pushed('text of ndc.run', text) }, work)
  },
  push(text) {
    changeContext({ ndc: pushed('text of ndc.push', text) })
  },
  pop() {
    const { ndc: stack } = currentContext()
    if (stack.length > 0) changeContext({ ndc: Object.freeze(stack.slice(0, -1)) })
    return stack.at(-1)
  },
  peek: () => currentContext().ndc.at(-1),
  get: () => currentContext().ndc.join(' '),
  get depth() {
    return currentContext().ndc.length
  },
  get maxDepth() {
    return maxDepth
  },
  set maxDepth(depth) {
    if (!Number.isSafeInteger(depth) || depth < 1)
      refuse('ndc.maxDepth', 'a whole number of at least 1', depth)
    maxDepth = depth
  },
  clear() {
    changeContext({ ndc: [] })
  },
  cloneStack: () => currentContext().ndc,
  inherit(stack) {
    if (!Array.isArray(stack) || !stack.every((text) => typeof text === 'string'))
      refuse('stack of ndc.inherit', 'an array of texts', stack)
    changeContext({ ndc: Object.freeze(stack.slice(0, maxDepth)) })
  },
}

function pushed(option: string, text: string): readonly string[] {
  if (typeof text !== 'string') refuse(option, 'a text', text)
  const { ndc: stack } = currentContext()
  return stack.length < maxDepth ? Object.freeze([...stack, text]) : stack
}
