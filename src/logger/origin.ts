import { fileURLToPath } from 'node:url'
import type { Fields } from '../record.ts'

/** Where in the code a call is. */
export interface CallOrigin {
  /** The path of the file, or what else Node calls it. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** `Pool.connect`; undefined at the top level of a module, and in a function without a name. */
  readonly function: string | undefined
}

/** The function up to which a stack is left out. */
export type Boundary = (...args: never[]) => unknown

/** Frames that are looked at: `['a'].forEach(log.info)` has one without a place before the one that counts. */
const FRAMES = 3
const FRAME = /^\s+at (?:async )?(?:new )?(?:(.*) \()?(.+):(\d+):(\d+)\)?$/

/**
 * The caller of `boundary`, which has to be under way. Read from the stack's text and not from V8's call
 * sites, since it is the text in which Node has source maps applied (`--enable-source-maps`).
 */
export function originOf(boundary: Boundary): CallOrigin | undefined {
  const holder: { readonly stack?: unknown } = {}
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = FRAMES
    Error.captureStackTrace(holder, boundary)
    const { stack } = holder
    return typeof stack === 'string' ? readStack(stack) : undefined
  } catch {
    return undefined // the application's own Error.prepareStackTrace, say
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function readStack(stack: string): CallOrigin | undefined {
  for (const frame of stack.split('\n')) {
    const [, name, file, line, column] = FRAME.exec(frame) ?? []
    if (file === undefined || file.startsWith('node:')) continue
    return { file: path(file), line: Number(line), column: Number(column), function: functionName(name) }
  }
  return undefined
}

/** Without the name that it was called by, `Object.a [as b]`, and `Object.`, which nobody wrote. */
function functionName(name: string | undefined): string | undefined {
  const written = name?.replace(/ \[as .*\]$/, '').replace(/^(?:Object|Module|Function)\./, '')
  return written === undefined || written.includes('<anonymous>') ? undefined : written
}

function path(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file
}

/** As ECS names it. */
export function originFields({ file, line, function: name }: CallOrigin): Fields {
  return { 'log.origin.file.name': file, 'log.origin.file.line': line, 'log.origin.function': name }
}
