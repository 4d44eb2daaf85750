import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CreateLoggerOptions, LoggerStats } from 'logflume'

const program = fileURLToPath(new URL('fixtures/app.mjs', import.meta.url))

export interface AppTask {
  readonly options: CreateLoggerOptions
  /** How its lines are told from those of others. */
  readonly app: number
  /** Lines per second. */
  readonly rate: number
  /** Takes what all runs write to standard error. */
  readonly diagnostics: string
}

/** What one run of the app told before it ended. */
export interface Run {
  /** Lines of ticks that ended. */
  called: number
  /** Lines that are with the kernel by the app's own stats, so that no end of the app may take them. */
  onDisk: number
}

/** A real service in a process of its own, which can be killed and begins again with the next run. */
export class App {
  readonly task: AppTask
  readonly runs: Run[] = []
  /** Ends of the process that nobody asked for. */
  readonly crashes: string[] = []
  #child: ChildProcess | undefined
  #heard: Promise<unknown>[] = []

  constructor(task: AppTask) {
    this.task = task
  }

  start(): void {
    const { diagnostics, ...task } = this.task
    const run: Run = { called: 0, onDisk: 0 }
    const number = this.runs.push(run) - 1
    const child = spawn(process.execPath, [program, JSON.stringify({ ...task, run: number })], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stderr!.pipe(createWriteStream(diagnostics, { flags: 'a' }))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      ;[run.called = 0, run.onDisk = 0] = line.split(' ').map(Number)
    })
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    this.#heard.push(once(child, 'close'))
    child.once('exit', (code, signal) => {
      process.off('exit', end)
      if (signal !== 'SIGKILL' && code !== 0) {
        this.crashes.push(`app ${task.app} run ${number} ended by itself: ${signal ?? `code ${code}`}`)
      }
    })
  }

  get #process(): ChildProcess {
    if (this.#child === undefined) throw new Error('the app was never started')
    return this.#child
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exit
  }

  /** SIGSTOP for so many milliseconds. */
  async pause(milliseconds: number): Promise<void> {
    this.#process.kill('SIGSTOP')
    await sleep(milliseconds)
    this.#process.kill('SIGCONT')
  }

  rotate(): void {
    this.#say('rotate')
  }

  stopLogging(): void {
    this.#say('stop')
  }

  /** Undefined where it does not answer: it may have been killed meanwhile. */
  async stats(): Promise<LoggerStats | undefined> {
    return this.#ask('stats')
  }

  async close(): Promise<LoggerStats | undefined> {
    const stats = await this.#ask('close')
    await this.kill()
    return stats
  }

  /** Resolves when everything that the runs told was heard. */
  async heard(): Promise<void> {
    await Promise.all(this.#heard)
  }

  async #ask(question: 'stats' | 'close'): Promise<LoggerStats | undefined> {
    const patience = AbortSignal.timeout(15_000)
    const answer = once(this.#process, 'message', { signal: patience }).catch(() => [])
    this.#say(question)
    return (await answer)[0] as LoggerStats | undefined
  }

  #say(command: string): void {
    const child = this.#process
    if (child.connected) child.send(command, () => undefined)
  }
}
