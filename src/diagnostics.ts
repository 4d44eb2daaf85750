/** The library's own trouble: never part of the log path that it is about. */
export interface Diagnostic {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly error?: Error
}

export type DiagnosticHandler = (diagnostic: Diagnostic) => void

/** Milliseconds within which the same message is told once. */
const REPEAT_AFTER = 60_000

/**
 * The handler where the user gives none: warnings and errors go to standard error, one line each, the same
 * message at most once a minute, so that a disk that is full for a day does not fill the terminal.
 */
export function printDiagnostics(
  write: (text: string) => void = (text) => void process.stderr.write(text),
  now: () => number = Date.now,
): DiagnosticHandler {
  const print = onceAMinute(({ level, message }) => write(`logflume ${level}: ${message}\n`), now)
  return (diagnostic) => {
    if (diagnostic.level !== 'info') print(diagnostic)
  }
}

/** Hands each message on at most once a minute. */
export function onceAMinute(handler: DiagnosticHandler, now: () => number = Date.now): DiagnosticHandler {
  const told = new Map<string, number>()
  return (diagnostic) => {
    const time = now()
    const last = told.get(diagnostic.message)
    if (last !== undefined && time - last < REPEAT_AFTER) return
    if (told.size >= 100) told.clear()
    told.set(diagnostic.message, time)
    handler(diagnostic)
  }
}

/** A user's handler that throws must not take the log path with it. */
export function guarded(handler: DiagnosticHandler): DiagnosticHandler {
  return (diagnostic) => {
    try {
      handler(diagnostic)
    } catch {
      // Nobody is left to tell.
    }
  }
}
