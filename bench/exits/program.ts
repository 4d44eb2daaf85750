import { writeSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** How a program ends that has logged its lines. */
export type Ending =
  | 'process.exit'
  | 'natural end'
  | 'uncaught exception'
  | 'unhandled rejection'
  | Signal
  | `${Signal}, handler`
  | 'SIGTERM, blocked'
  | 'kill -9, same tick'
  | 'kill -9, next tick'
  | 'kill -9, 10 ms on'
  | 'worker dead'
  | 'hung sink'

export interface ProgramInput {
  readonly ending: Ending
  /** Where its log files go. */
  readonly dir: string
  /** How lines leave the process, in the words of the program. */
  readonly way?: string | undefined
  /** Where a server listens that takes connections and never reads. */
  readonly hungPort?: number | undefined
  readonly lines: number
  /** Milliseconds. */
  readonly blockFor: number
}

/** What a program tells whoever runs it, in a line of JSON. */
export interface ProgramReport {
  readonly said: 'blocked' | 'done'
  /** Milliseconds: the longest turn of the event loop. */
  readonly stall?: number
  /** KiB of resident memory at its peak. */
  readonly peak?: number
}

/** The same in every logger. */
export interface Subject {
  /** One line of level info with `line <n>` in it. */
  readonly log: (n: number) => void
  /** Ends the thread that works for the logger, and resolves when it is gone. */
  readonly killWorker?: () => Promise<unknown>
}

/** What a handler of the app logs while it ends. */
export const LAST_LINES = 50

/** Milliseconds that a logger has to open its files: it was not made a moment before its process ends. */
const HEAD_START = 100

/** Opens a logger, logs, and ends in the way that was asked for. */
export async function runProgram(open: (input: ProgramInput) => Subject): Promise<void> {
  const input = JSON.parse(process.argv[2] ?? '') as ProgramInput
  const subject = open(input)
  await delay(HEAD_START)
  // In a turn of its own, since what is thrown in an async function is a rejection.
  setImmediate(() => end(subject, input))
}

function end(subject: Subject, { ending, lines, blockFor }: ProgramInput): void {
  const log = (from: number, to: number): void => {
    for (let n = from; n < to; n++) subject.log(n)
  }
  switch (ending) {
    case 'process.exit':
      log(0, lines)
      process.exit(3)
      break
    case 'natural end':
      log(0, lines)
      break
    case 'uncaught exception':
      log(0, lines)
      throw new Error('on purpose')
    case 'unhandled rejection':
      log(0, lines)
      void Promise.reject(new Error('on purpose'))
      break
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
      serve()
      log(0, lines)
      process.kill(process.pid, ending)
      break
    case 'SIGTERM, handler':
    case 'SIGINT, handler':
    case 'SIGHUP, handler': {
      const signal = ending.slice(0, ending.indexOf(',')) as Signal
      serve()
      process.on(signal, () => {
        log(lines, lines + LAST_LINES)
        setTimeout(() => process.exit(7), 20)
      })
      log(0, lines)
      process.kill(process.pid, signal)
      break
    }
    case 'SIGTERM, blocked':
      serve()
      log(0, lines)
      say({ said: 'blocked' })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockFor)
      break
    case 'kill -9, same tick':
      log(0, lines)
      process.kill(process.pid, 'SIGKILL')
      break
    case 'kill -9, next tick':
      log(0, lines)
      setImmediate(() => {
        log(lines, lines + LAST_LINES)
        process.kill(process.pid, 'SIGKILL')
      })
      break
    case 'kill -9, 10 ms on':
      log(0, lines)
      // From the next turn on: this one has taken so long that a timer of now is due at its end.
      void nextTurn()
        .then(() => delay(10))
        .then(() => process.kill(process.pid, 'SIGKILL'))
      break
    case 'worker dead':
      log(0, lines / 2)
      void delay(HEAD_START)
        .then(subject.killWorker)
        .then(() => log(lines / 2, lines))
      break
    case 'hung sink':
      void logAtFullSpeed(subject, lines)
      break
  }
}

/** A service goes on until it is told to stop. */
function serve(): void {
  setInterval(() => undefined, 60_000)
}

/** Lines in each turn of the event loop. */
const LINES_A_TURN = 100
/** Milliseconds that the program goes on after its last line, so that what can be written is written. */
const REST = 1000

async function logAtFullSpeed({ log }: Subject, lines: number): Promise<void> {
  let stall = 0
  let turned = performance.now()
  const turn = (): void => {
    const now = performance.now()
    stall = Math.max(stall, now - turned)
    turned = now
  }
  for (let n = 0; n < lines;) {
    for (const until = Math.min(lines, n + LINES_A_TURN); n < until; n++) log(n)
    await nextTurn()
    turn()
  }
  for (const until = turned + REST; turned < until;) {
    await delay(5)
    turn()
  }
  say({ said: 'done', stall, peak: process.resourceUsage().maxRSS })
  process.exit(0)
}

function say(report: ProgramReport): void {
  writeSync(1, `${JSON.stringify(report)}\n`)
}
