import { refuse } from '../options.ts'
import type { Fields } from '../record.ts'
import { changeContext, currentContext, runInContext } from './context.ts'
import { readProperty } from './read-property.ts'

/** The mapped diagnostic context: fields for each line of whatever is going on, a request for instance. */
export interface MappedContext {
  /**
   * Calls `work` with these fields besides those that there are already, and gives what it gives. They hold in
   * all that `work` calls and starts, however long that takes, and nowhere else.
   * @throws LogflumeError INVALID_OPTION where `fields` is not an object of fields, or `work` no function.
   */
  run<T>(fields: object, work: () => T): T
  /**
   * Sets a field from now on, in the innermost run around the caller; outside of any, for all of the process
   * that is outside of any. `undefined` takes it out of the lines.
   * @throws LogflumeError INVALID_OPTION where the key is no text.
   */
  put(key: string, value: unknown): void
  get(key: string): unknown
  /** Takes a field away, in the innermost run around the caller. */
  remove(key: string): void
  /** Takes all away, in the innermost run around the caller. */
  clear(): void
  /** All fields as they are now, frozen. */
  getContext(): Readonly<Fields>
}

/** Log4r's MDC, on Node's AsyncLocalStorage. */
export const mdc: MappedContext = {
  run(fields, work) {
    if (typeof fields !== 'object' || (fields as unknown) === null || Array.isArray(fields))
      refuse('fields of mdc.run', 'an object of fields', fields)
    if (typeof work !== 'function') refuse('work of mdc.run', 'a function', work)
    const added = Object.fromEntries(Object.keys(fields).map((key) => [key, readProperty(fields, key)]))
    return runInContext({ mdc: Object.freeze({ ...currentContext().mdc, ...added }) }, work)
  },
  put(key, value) {
    if (typeof key !== 'string' || key === '') refuse('key of mdc.put', 'a non-empty string', key)
    changeContext({ mdc: Object.freeze({ ...currentContext().mdc, [key]: value }) })
  },
  get(key) {
    const { mdc: fields } = currentContext()
    return Object.hasOwn(fields, key) ? fields[key] : undefined
  },
  remove(key) {
    const { mdc: fields } = currentContext()
    if (!Object.hasOwn(fields, key)) return
    changeContext({
      mdc: Object.freeze(Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key))),
    })
  },
  clear() {
    changeContext({ mdc: Object.freeze({}) })
  },
  getContext: () => currentContext().mdc,
}
