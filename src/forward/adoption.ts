import { setTimeout as delay } from 'node:timers/promises'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import type { AbandonedJournal } from '../journal/abandoned.ts'
import type { Segment } from '../journal/segment.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Ledger } from './forwarder-parts.ts'
import type { Progress } from './progress.ts'
import { Signal } from './signal.ts'

export interface AdoptionParts {
  readonly dir: string
  /** This process's own slot. */
  readonly slot: number
  readonly segments: (files: readonly string[]) => readonly Segment[]
  readonly checkpoint: (slot: number) => Checkpoint | undefined
  readonly claim: (slot: number) => AbandonedJournal | undefined
  /** Forwards the journal up to its end. */
  readonly forward: (journal: AbandonedJournal, signal: AbortSignal) => Promise<void>
  readonly diagnose: DiagnosticHandler
}

/** Milliseconds between looks for journals whose process is gone. */
const LOOK_EVERY = 10_000

/**
 * Forwards what dead processes of the same name left behind: a cluster that shrank, a container that came
 * back under another slot. One journal at a time, beside this process's own.
 */
export class Adoption {
  readonly #parts: AdoptionParts
  readonly #stop = new AbortController()

  constructor(parts: AdoptionParts) {
    this.#parts = parts
  }

  async run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#adoptAll()
      } catch (thrown) {
        const error = toError(thrown)
        this.#parts.diagnose({
          level: 'warn',
          message: `cannot take over a journal: ${error.message}`,
          error,
        })
      }
      await delay(LOOK_EVERY, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #adoptAll(): Promise<void> {
    const { dir, slot: own, segments, claim, forward, diagnose } = this.#parts
    const newest = new Map(segments(await readdir(dir)).map((segment) => [segment.slot, segment]))
    for (const [slot, last] of newest) {
      if (this.#stop.signal.aborted) return
      if (slot === own || !(await this.#hasBacklog(last))) continue
      const journal = claim(slot)
      if (journal === undefined) continue
      try {
        diagnose({ level: 'info', message: `forwarding the journal that a process left in slot ${slot}` })
        await forward(journal, this.#stop.signal)
      } finally {
        journal.lock.release()
      }
    }
  }

  /** Looked at before claiming: whoever claims for nothing keeps a starting process from its slot. */
  async #hasBacklog({ slot, file, ordinal, compression }: Segment): Promise<boolean> {
    if (compression !== undefined) return false
    const { size } = await stat(join(this.#parts.dir, file))
    const position = this.#parts.checkpoint(slot)?.position
    if (position === undefined) return size > 0 || ordinal > 0
    return position.segment < ordinal || (position.segment === ordinal && position.offset < size)
  }
}

/** What a line comes to. */
const SETTLED = ['forwarded', 'dropped', 'deleted', 'refused']

/**
 * What forwarding an adopted journal counts: in the sums of this process, as lines found and forwarded at
 * once, so that its own lines still add up; how far it has come is nobody else's business.
 */
export class AdoptedLedger implements Ledger {
  wakes = 0
  readonly #woken = new Signal()
  readonly #progress: Progress
  acknowledged: number

  constructor(progress: Progress, acknowledged: number) {
    this.#progress = progress
    this.acknowledged = acknowledged
  }

  add(what: Parameters<Ledger['add']>[0], count: number): void {
    this.#progress.add(what, count)
    if (SETTLED.includes(what)) this.#progress.add('recovered', count)
  }

  wake(): void {
    this.wakes++
    this.#woken.raise()
  }

  async changed(seen: number): Promise<void> {
    if (this.wakes === seen) await this.#woken.wait()
  }
}
