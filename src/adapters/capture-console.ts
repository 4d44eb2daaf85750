import { format } from 'node:util'
import { isError } from '../logger/error.ts'
import { OptionReader, refuse } from '../options.ts'

/** The console's methods that are captured, with the level of their lines. */
const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

type Method = keyof typeof LEVELS
type Level = (typeof LEVELS)[Method]

/** A logger that console calls can go to: logflume's, pino's, bunyan's. */
export type ConsoleTarget = Readonly<Record<Level, (fields: object, message: string) => unknown>>

export interface CaptureConsoleOptions {
  /** Whether what is captured is printed as well, as without capturing. @default false */
  readonly print?: boolean
}

/** What `captureConsole` gives: the way back. */
export interface CapturedConsole extends Disposable {
  /** The console prints again. What others have put in the place of its methods since then stays there. */
  readonly restore: () => void
}

/**
 * Makes lines of `console.log`, `info` (level `info`), `warn`, `error` and `debug`. The message is what the
 * console would print; an error among the arguments becomes `error.*` as well. What the console makes of other
 * methods by these, as `console.table` and `console.assert` do, comes along.
 *
 * What the logger itself prints by the console meanwhile is printed, not logged.
 *
 * @throws LogflumeError `INVALID_OPTION`, which names the option.
 */
export function captureConsole(logger: ConsoleTarget, options: CaptureConsoleOptions = {}): CapturedConsole {
  for (const level of new Set(Object.values(LEVELS)))
    if (typeof (logger as Partial<ConsoleTarget> | null | undefined)?.[level] !== 'function')
      refuse('logger', `a logger with a method '${level}'`, logger)
  const reader = new OptionReader('options', options)
  const print = reader.boolean('print', false)
  reader.end()

  const target: Record<Method, (...args: unknown[]) => void> = globalThis.console
  let captures = true
  let logging = false
  const restores = (Object.keys(LEVELS) as Method[]).map((method) => {
    const original = target[method]
    const level = LEVELS[method]
    const captured = (...args: unknown[]): void => {
      if (print || !captures || logging) original.apply(target, args)
      if (!captures || logging) return
      logging = true
      try {
        logger[level](errorField(args), format(...args))
      } finally {
        logging = false
      }
    }
    target[method] = captured
    return () => {
      if (target[method] === captured) target[method] = original
    }
  })
  const restore = (): void => {
    captures = false
    for (const one of restores) one()
  }
  return { restore, [Symbol.dispose]: restore }
}

function errorField(args: readonly unknown[]): object {
  const error = args.find(isError)
  return error === undefined ? {} : { err: error }
}
