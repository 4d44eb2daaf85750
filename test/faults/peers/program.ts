import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'

/** A program that is started, killed and started again, its output in a file; it ends with this process. */
export class Program {
  readonly #command: readonly string[]
  readonly #log: string
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined

  /** @param env beside the environment of this process. */
  constructor(command: readonly string[], log: string, env: Readonly<Record<string, string>> = {}) {
    this.#command = command
    this.#log = log
    this.#env = env
  }

  async start(): Promise<void> {
    const [file = '', ...args] = this.#command
    const log = openSync(this.#log, 'a')
    const child = spawn(file, args, { stdio: ['ignore', log, log], env: { ...process.env, ...this.#env } })
    this.#child = child
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    await once(child, 'spawn').finally(() => closeSync(log))
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }
}
