import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerCommand {
  /** What errors call it. */
  readonly name: string
  /** Of this server alone: its log is there, and all of it is removed when this process dies. */
  readonly folder: string
  /** @default 'server.log' in `folder` */
  readonly logFile?: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a command in place of the shell, so that the command has the shell's pid, and leaves a watcher
 * behind that reads file descriptor 3. A line there says that the command has ended; an end without a line
 * means that the process which started all this is gone, however it went: then the command is killed, and
 * the folder ($0) removed.
 */
const TIED_TO_PARENT =
  '(read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf "$0"; }) >/dev/null 2>&1 & exec "$@" 3<&-'

interface Running {
  readonly process: ChildProcess
  readonly pid: number
  /** Resolves when the process is gone. */
  readonly exit: Promise<unknown>
}

/** A server that is started, killed and started again, its output in a file; it ends with this process. */
export class ServerProcess {
  readonly #options: ServerCommand
  readonly #logFile: string
  #running: Running | undefined

  constructor(options: ServerCommand) {
    this.#options = options
    this.#logFile = options.logFile ?? join(options.folder, 'server.log')
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  /** Starts it; `ready()` tells when it answers. */
  async start(): Promise<void> {
    const { name, folder, command, env } = this.#options
    if (this.#running !== undefined) throw new Error(`${name} runs already`)
    const log = await open(this.#logFile, 'a')
    // In a session of its own, so that Ctrl-C in a terminal reaches it through us only.
    const child = spawn('sh', ['-c', TIED_TO_PARENT, folder, ...command], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
      env: { ...process.env, ...env },
    })
    const exit = once(child, 'exit')
    await once(child, 'spawn').finally(() => log.close())
    this.#running = { process: child, pid: child.pid!, exit }

    const lifeline = child.stdio[3] as Writable & { unref(): void }
    lifeline.on('error', () => undefined) // the watcher is gone, there is nobody left to tell
    child.once('exit', () => {
      this.#running = undefined
      lifeline.end('ended\n')
    })
    // A process that forgets to stop its server can end, and the server ends with it.
    child.unref()
    lifeline.unref()
  }

  /**
   * Resolves when `answers` does so with true. Rejects with the end of the log when the server ended instead,
   * or after `timeout` milliseconds.
   */
  async ready(answers: () => Promise<boolean>, timeout = 60_000): Promise<void> {
    const deadline = Date.now() + timeout
    while (!(await answers())) {
      const late = Date.now() > deadline
      if (late || this.#running === undefined) {
        const what = late ? `does not answer after ${timeout} ms` : 'has ended instead of starting'
        throw new Error(`${this.#options.name} ${what}, its log ends with:\n${await this.log()}`)
      }
      await sleep(50)
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, after which a server hands over and flushes; SIGKILL after 20 s. */
  async stop(): Promise<void> {
    this.resume()
    const impatience = setTimeout(() => this.#signal('SIGKILL'), 20_000)
    await this.#end('SIGTERM').finally(() => clearTimeout(impatience))
  }

  /** SIGSTOP: keeps its port and its connections, and is silent. */
  pause(): void {
    this.#signal('SIGSTOP')
  }

  /** Resolves when none of its threads runs any more: SIGSTOP comes to each in its time. On Linux. */
  async paused(): Promise<void> {
    const tasks = `/proc/${this.#running?.pid ?? 0}/task`
    const states = async (): Promise<string[]> => {
      const threads = await readdir(tasks).catch(() => [])
      const stats = threads.map((thread) => readFile(join(tasks, thread, 'stat'), 'latin1').catch(() => ''))
      // Behind the name in brackets, which may have blanks.
      return (await Promise.all(stats)).map((stat) => stat.charAt(stat.lastIndexOf(')') + 2))
    }
    while ((await states()).some((state) => state !== 'T')) await sleep(5)
  }

  /** SIGCONT. */
  resume(): void {
    this.#signal('SIGCONT')
  }

  /** Resolves when the process is gone, at once where it does not run. */
  async exited(): Promise<void> {
    await this.#running?.exit
  }

  /** The last 60 lines of what it logged. */
  async log(): Promise<string> {
    return tail(await readFile(this.#logFile, 'utf8'))
  }

  #signal(signal: NodeJS.Signals): void {
    this.#running?.process.kill(signal)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#running?.process.ref()
    this.#signal(signal)
    await this.exited()
  }
}

/** The last 60 lines. */
export function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-60).join('\n')
}
