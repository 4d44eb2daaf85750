import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from '../account.ts'
import type { Subject, SubjectNotes } from '../subject.ts'
import type { GrowingFiles } from './growing-files.ts'
import type { Program } from './program.ts'

export interface ShipperParts {
  readonly title: string
  readonly files: GrowingFiles
  readonly program: Program
  /** Resolves when the program does its work again after a start, or does not come to it for long. */
  readonly ready: () => Promise<void>
  /** What an operator would do from time to time. */
  readonly care?: () => Promise<void>
  readonly figures?: () => Readonly<Record<string, number>>
}

/** One program that tails files and is killed; the files themselves grow whatever happens. */
export class Shipper implements Subject {
  readonly processes = 1
  readonly #parts: ShipperParts
  readonly #failures: string[] = []

  constructor(parts: ShipperParts) {
    this.#parts = parts
  }

  get title(): string {
    return this.#parts.title
  }

  get called(): number {
    return this.#parts.files.lines
  }

  async start(): Promise<void> {
    await this.#parts.program.start()
    await this.#parts.ready()
    this.#parts.files.start()
  }

  async kill(): Promise<void> {
    const { program, ready, care } = this.#parts
    await care?.()
    if (!program.isRunning) this.#failures.push(`${this.title} had ended by itself`)
    await program.kill()
    await program.start()
    await ready()
  }

  async pause(_process: number, milliseconds: number): Promise<void> {
    this.#parts.program.pause()
    await sleep(milliseconds)
    this.#parts.program.resume()
  }

  /** Not every peer follows a file that is renamed. */
  rotate(): void {
    return
  }

  stopLogging(): Promise<void> {
    this.#parts.files.stop()
    return Promise.resolve()
  }

  async isDone(): Promise<undefined> {
    await this.#parts.care?.()
  }

  async stop(): Promise<void> {
    this.#parts.files.stop()
    await this.#parts.program.kill()
  }

  async account(account: Account): Promise<SubjectNotes> {
    await this.#parts.files.account(account)
    return { failures: this.#failures, figures: this.#parts.figures?.() ?? {} }
  }
}
