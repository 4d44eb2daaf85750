import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import type { CreateLoggerOptions, LoggerStats } from 'logflume'
import type { AppTask } from './fixtures/app.ts'

const program = fileURLToPath(new URL('fixtures/app.ts', import.meta.url))

const trouble = fileURLToPath(new URL('fixtures/trouble-in-worker.cjs', import.meta.url))

export interface RunningApp {
  /** Resolves when the logger is made. */
  readonly started: Promise<void>
  /** Resolves when all lines were logged. */
  readonly logged: Promise<void>
  /** Resolves with the stats after closing; rejects when the process ended before. */
  readonly closed: Promise<LoggerStats>
  readonly process: ChildProcess
  /** The diagnostics up to now, a line each. */
  readonly told: () => string
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
}

/** A real program that logs through the built package. */
export function runApp(
  t: TestContext,
  options: CreateLoggerOptions,
  task: Partial<Omit<AppTask, 'options'>> = {},
): RunningApp {
  const whole: AppTask = { options, lines: 1000, group: 100, run: 'a', closeTimeout: 30_000, ...task }
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: `--require ${trouble}` },
  })
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr?.on('data', (data: Buffer) => (stderr += String(data)))
  const said = new Map<string, () => void>()
  const hears = (word: string): Promise<void> => new Promise((resolve) => said.set(word, resolve))
  const [started, logged] = [hears('started'), hears('logged')]
  let stats: LoggerStats | undefined
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.startsWith('{')) stats = JSON.parse(line) as LoggerStats
    else said.get(line)?.()
  })
  const ended = once(child, 'close')
  const closed = ended.then(() => {
    if (stats === undefined) throw new Error(`the app ended early: ${stderr}`)
    return stats
  })
  closed.catch(() => undefined) // Whoever kills it does not ask for the stats.
  return {
    started,
    logged,
    closed,
    process: child,
    told: () => stderr,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
