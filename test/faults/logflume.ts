import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSegments } from '../../src/journal/segment.ts'
import type { Account } from './account.ts'
import { App } from './app.ts'
import type { Destination, Subject, SubjectNotes } from './subject.ts'

export interface LogflumeOptions extends Destination {
  readonly dir: string
  readonly apps: number
  /** Lines per second, of each app. */
  readonly rate: number
}

/**
 * Several services that log through the built package. Two each share name and directory, so that they have a
 * journal each, claim each other's place after a kill, and forward what the other has left. Of each pair the
 * second one flushes each line, and so may lose none that was called.
 */
export class Logflume implements Subject {
  readonly title = 'logflume'
  readonly #dir: string
  readonly #apps: readonly App[]
  readonly #failures: string[] = []

  constructor({ dir, apps, rate, brokers, topic }: LogflumeOptions) {
    this.#dir = dir
    this.#apps = Array.from({ length: apps }, (_, app) => {
      const kafka = { brokers, topic, requestTimeout: 3000, connectionTimeout: 1000, idleTimeout: 2000 }
      const name = `service-${Math.floor(app / 2)}`
      const flush = app % 2 === 1 ? 'line' : 'tick'
      const rotate = { maxBytes: 2 * 1024 ** 2 }
      const options = { name, dir, kafka, rotate, flush } as const
      return new App({ options, app, rate, diagnostics: join(dir, `diagnostics-${app}.txt`) })
    })
  }

  get processes(): number {
    return this.#apps.length
  }

  start(): Promise<void> {
    for (const app of this.#apps) app.start()
    return Promise.resolve()
  }

  async kill(process: number): Promise<void> {
    await this.#apps[process]?.kill()
    this.#apps[process]?.start()
  }

  async pause(process: number, milliseconds: number): Promise<void> {
    await this.#apps[process]?.pause(milliseconds)
  }

  rotate(process: number): void {
    this.#apps[process]?.rotate()
  }

  get called(): number {
    return this.#apps.flatMap(({ runs }) => runs).reduce((sum, { called }) => sum + called, 0)
  }

  stopLogging(): Promise<void> {
    for (const app of this.#apps) app.stopLogging()
    return Promise.resolve()
  }

  async isDone(): Promise<boolean> {
    const stats = await Promise.all(this.#apps.map((app) => app.stats()))
    return stats.every((one) => one?.pending === 0)
  }

  async stop(): Promise<void> {
    for (const [index, app] of this.#apps.entries()) {
      const stats = await app.close()
      if (stats === undefined) this.#failures.push(`app ${index} gave no stats at its end`)
      else if (stats.pending > 0 || Object.keys(stats.lost).length > 0) {
        this.#failures.push(
          `app ${index} ended with ${stats.pending} pending, lost: ${JSON.stringify(stats.lost)}`,
        )
      }
      await app.heard()
    }
  }

  async account(account: Account): Promise<SubjectNotes> {
    for (const name of new Set(this.#apps.map(({ task }) => task.options.name))) {
      await this.#readJournals(name, account)
    }
    let taken = 0
    for (const { task, runs } of this.#apps) {
      const everyLine = task.options.flush === 'line'
      for (const [run, { called, onDisk }] of runs.entries()) {
        account.promised(task.app, run, everyLine ? called : onDisk)
        taken += Math.max(0, called - account.stored(task.app, run))
      }
    }
    const failures = [...this.#failures, ...this.#apps.flatMap(({ crashes }) => crashes)]
    const renumbered = await this.#diagnosed(/new producer id/)
    return { failures, figures: { 'taken by kill -9 before they were on disk': taken, renumbered } }
  }

  async #readJournals(name: string, account: Account): Promise<void> {
    for (const { file, slot } of parseSegments(name, await readdir(this.#dir))) {
      const bytes = await readFile(join(this.#dir, file))
      // What is behind the last newline is a half line that a killed process left.
      for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from)) {
        account.logged(`${name}.${slot}`, bytes.subarray(from, to))
      }
    }
  }

  async #diagnosed(pattern: RegExp): Promise<number> {
    const texts = await Promise.all(this.#apps.map(({ task }) => readFile(task.diagnostics, 'utf8')))
    return texts.flatMap((text) => text.split('\n')).filter((line) => pattern.test(line)).length
  }
}
