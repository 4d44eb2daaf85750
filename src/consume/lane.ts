import { toError } from '../errors.ts'
import type { Marks } from '../marks.ts'
import { backoff } from '../retry.ts'
import type { Budget } from './budget.ts'
import type { Clock } from './clock.ts'
import type { DeadLetters } from './dead-letters.ts'
import { Gathering, type Unit } from './gathering.ts'
import { Entry, Ledger } from './ledger.ts'
import type { Lease } from './lease.ts'
import type { Outlet } from './outlet.ts'
import type { ConsumedRecord } from './record.ts'
import type { PartitionLane, PlacePort } from './source.ts'
import type { Meter } from './stats.ts'
import type { TransformChain } from './transform-chain.ts'
import type { TransformedBatch } from './transform.ts'
import { formatNote, parseNote, type UnitNote } from './unit-note.ts'

/** What is known of a partition beyond a lease. */
export interface LaneMemory {
  /** By which records are known that come again. */
  readonly marks: Marks
  /** The offset before which a sink has everything. */
  readonly done: Map<Outlet, bigint>
  /** Resolves when nothing that was begun under an earlier lease runs any more. Never rejects. */
  settled: Promise<unknown>
}

export interface LaneParts {
  readonly lease: Lease
  readonly port: PlacePort
  readonly outlets: readonly Outlet[]
  readonly deadLetters: DeadLetters
  readonly chain: TransformChain
  readonly memory: LaneMemory
  readonly budget: Budget
  readonly clock: Clock
  readonly meter: Meter
  /** Something went wrong that will be tried again. */
  readonly trouble: (what: string, error: Error) => void
  /** Too much is held by all lanes together. */
  readonly relieve: () => void
}

/** What a record takes in memory beside its bytes, about. */
const RECORD_BYTES = 500
const NOTHING: TransformedBatch = { records: [], dead: [], dropped: 0, added: 0 }

/**
 * The way of a partition's records through the transforms to all sinks. Sinks that do not gather have a
 * batch before the next one is taken; those that do get theirs when enough is there, while reading goes on.
 * The place moves when all have it.
 */
export class Lane implements PartitionLane {
  readonly #parts: LaneParts
  readonly #ledger = new Ledger()
  /** Sinks that get each batch at once. */
  readonly #direct: readonly Outlet[]
  readonly #gatherings: ReadonlyMap<Outlet, Gathering>
  /** The end of the unit that a sink is being given, or was before a death. */
  readonly #unitEnds = new Map<Outlet, bigint>()
  /** Writes of units that run. */
  readonly #units = new Map<Outlet, Promise<void>>()
  /** Invariant: what is taken and what is flushed goes its way in turn; so do commits. */
  #turns: Promise<unknown> = Promise.resolve()
  #commits: Promise<unknown> = Promise.resolve()
  #begun = false
  #end: bigint | undefined
  #committed: bigint | undefined
  #note = ''
  #charged = { bytes: 0, records: 0 }
  #disarm: () => void = () => undefined
  /** Nothing more is begun, though the lease goes on. */
  #finished: () => void = () => undefined

  constructor(parts: LaneParts) {
    this.#parts = parts
    this.#direct = parts.outlets.filter(({ wish }) => wish === undefined)
    this.#gatherings = new Map(
      parts.outlets.flatMap((outlet) =>
        outlet.wish === undefined ? [] : [[outlet, new Gathering(outlet.wish)] as const],
      ),
    )
    if (this.#gatherings.size > 0) parts.lease.signal.addEventListener('abort', () => this.#dispose())
  }

  async take(records: readonly ConsumedRecord[], end?: bigint): Promise<boolean> {
    const last = records.at(-1)
    if (last === undefined) return true
    const behind = end ?? BigInt(last.place.offset) + 1n
    return (await this.#parts.lease.wait(this.#turn(() => this.#takeAll(records, behind)))) ?? false
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work)
    this.#turns = turn.catch(() => undefined)
    return turn
  }

  async #takeAll(records: readonly ConsumedRecord[], end: bigint): Promise<boolean> {
    const { lease } = this.#parts
    if (!this.#begun) await this.#begin(records)
    for (let from = 0; from < records.length;) {
      if (lease.ending) return false
      const count = this.#sliceLength(records, from)
      const slice = count === records.length ? records : records.slice(from, from + count)
      from += count
      const next = records[from]
      if (!(await this.#takeSlice(slice, next === undefined ? end : offsetOf(next)))) return false
    }
    return true
  }

  /** Finds out what comes a second time, and waits for what was begun with it the first time. */
  async #begin(records: readonly ConsumedRecord[]): Promise<void> {
    const { memory, port, lease } = this.#parts
    await lease.wait(memory.settled)
    if (lease.over) return
    const ended = new Promise<void>((resolve) => (this.#finished = resolve))
    memory.settled = Promise.race([lease.ended(), ended]).then(() => this.idle())
    if (memory.marks.recognise(records) !== true) {
      memory.marks.clear()
      memory.done.clear()
    }
    if (this.#gatherings.size > 0) {
      const { place, note } = await port.resume()
      this.#committed = place
      this.#note = note
      const notes = parseNote(note)
      for (const [outlet, gathering] of this.#gatherings) {
        const { done = 0n, end } = notes.get(outlet.key) ?? {}
        if (done > this.#done(outlet)) memory.done.set(outlet, done)
        if (end === undefined || end <= this.#done(outlet)) continue
        gathering.fix(end)
        this.#unitEnds.set(outlet, end)
      }
    }
    this.#begun = true
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#turns
    while (this.#units.size > 0) await Promise.all(this.#units.values())
  }

  #done(outlet: Outlet): bigint {
    return this.#parts.memory.done.get(outlet) ?? 0n
  }

  /** How many records may become one entry: its end is where a unit may end. */
  #sliceLength(records: readonly ConsumedRecord[], from: number): number {
    const first = records[from]
    if (first === undefined) return 0
    const offset = offsetOf(first)
    let limit = Infinity
    let bytes = Infinity
    // What a sink has already ends there.
    const ends = [...this.#parts.memory.done.values()].filter((end) => end > offset)
    for (const { room, fixedEnd } of this.#gatherings.values()) {
      limit = Math.min(limit, room.records)
      bytes = Math.min(bytes, room.bytes)
      if (fixedEnd !== undefined && fixedEnd > offset) ends.push(fixedEnd)
    }
    if (limit === Infinity && bytes === Infinity && ends.length === 0) return records.length - from
    let count = 0
    for (let index = from; index < records.length && count < limit; index++, count++) {
      const record = records[index]
      if (record === undefined) break
      if (ends.length > 0 && count > 0 && ends.some((end) => isEnd(end, records[index - 1], record))) break
      if (bytes === Infinity) continue
      bytes -= record.size
      if (bytes <= 0) return count + 1
    }
    return count
  }

  async #takeSlice(slice: readonly ConsumedRecord[], end: bigint): Promise<boolean> {
    const { chain, outlets, memory, lease } = this.#parts
    const [first] = slice
    const last = slice.at(-1)
    if (first === undefined || last === undefined) return true
    const from = chain.held ?? offsetOf(first)
    const isNews = outlets.some((outlet) => this.#done(outlet) < end)
    const batch = isNews || chain.isStateful ? await chain.apply(slice, lease.signal) : NOTHING
    memory.marks.note(first)
    memory.marks.note(last)
    let bytes = 0
    if (this.#gatherings.size > 0) for (const { size } of slice) bytes += size + RECORD_BYTES
    this.#end = end
    return this.#hand(new Entry({ from, end, batch, consumed: slice.length, bytes }))
  }

  /** To those that have it at once and to those that gather. */
  async #hand(entry: Entry): Promise<boolean> {
    this.#ledger.add(entry)
    this.#charge(entry)
    const now = this.#parts.clock.now()
    for (const [outlet, gathering] of this.#gatherings) {
      if (this.#has(outlet, entry)) continue
      entry.isNews = true
      entry.retain()
      gathering.add(entry, outlet.accepted(entry), now)
      this.#writeUnits(outlet, gathering)
    }
    const all = await Promise.all(this.#direct.map((outlet) => this.#deliver(outlet, entry)))
    if (all.includes(false) || !(await this.#release(entry))) return false
    if (this.#gatherings.size === 0) await this.#commit()
    else await this.#tryCommit()
    this.#arm()
    if (this.#gatherings.size > 0 && this.#parts.budget.isSpent) this.#parts.relieve()
    return true
  }

  /** What transforms gave out late has no offset of its own, and is in no sink yet. */
  #has(outlet: Outlet, entry: Entry): boolean {
    return entry.consumed > 0 && entry.end <= this.#done(outlet)
  }

  async #deliver(outlet: Outlet, entry: Entry): Promise<boolean> {
    if (this.#has(outlet, entry)) return true
    entry.isNews = true
    const verdict = await outlet.deliver(
      outlet.accepted(entry),
      this.#parts.lease,
      this.#committed?.toString(),
    )
    if (verdict === 'abandoned') return false
    entry.refuse(verdict.dead)
    this.#parts.memory.done.set(outlet, entry.end)
    return true
  }

  /** One less that has to have it; the last one counts it. False: there was no time for its dead letters. */
  async #release(entry: Entry): Promise<boolean> {
    if (!entry.release()) return true
    const { delivered, consumed } = entry
    const dead = entry.dead.filter(({ decision }) => decision !== 'drop')
    const { lease, meter, deadLetters } = this.#parts
    if (entry.isNews) {
      if (dead.length > 0 && !(await deadLetters.bury(dead, lease))) {
        this.#forget(entry)
        return false
      }
      const { added } = entry.batch
      const dropped = entry.batch.dropped + entry.dead.length - dead.length
      meter.settle({ consumed, added, dropped, delivered, dead }, Date.now())
      deadLetters.tell(dead)
    }
    entry.finish(NOTHING)
    this.#discharge(entry)
    return true
  }

  /** It comes again, and must then go to all: only so its dead letters are written. */
  #forget({ from }: Entry): void {
    const { done } = this.#parts.memory
    for (const [outlet, end] of done) if (end > from) done.set(outlet, from)
  }

  #charge({ bytes, consumed }: Entry): void {
    if (bytes === 0) return
    this.#charged.bytes += bytes
    this.#charged.records += consumed
    this.#parts.budget.take(bytes, consumed)
  }

  #discharge({ bytes, consumed }: Entry): void {
    // Where the lease is over everything was given back at once.
    if (this.#charged.bytes === 0) return
    this.#charged.bytes -= bytes
    this.#charged.records -= consumed
    this.#parts.budget.give(bytes, consumed)
  }

  #writeUnits(outlet: Outlet, gathering: Gathering): void {
    if (this.#units.has(outlet)) return
    const unit = gathering.next()
    if (unit === undefined) return
    const written = this.#writeUnit(outlet, unit)
      .catch((thrown: unknown) => {
        this.#parts.trouble(`cannot write to sink ${outlet.name}`, toError(thrown))
        return false
      })
      .then((isWritten) => {
        this.#units.delete(outlet)
        if (!isWritten) return
        this.#writeUnits(outlet, gathering)
        if (this.#parts.budget.isSpent) this.#parts.relieve()
      })
    this.#units.set(outlet, written)
  }

  async #writeUnit(outlet: Outlet, unit: Unit): Promise<boolean> {
    const { lease, memory } = this.#parts
    if (unit.records.length > 0) {
      this.#unitEnds.set(outlet, unit.end)
      if (!(await this.#commitSurely())) return false
    }
    const verdict = await outlet.deliver(unit.records, lease, this.#committed?.toString())
    if (verdict === 'abandoned') return false
    memory.done.set(outlet, unit.end)
    this.#unitEnds.delete(outlet)
    for (const entry of unit.entries) {
      if (verdict.dead.length > 0) {
        const own = new Set(entry.batch.records)
        entry.refuse(verdict.dead.filter(({ record }) => own.has(record)))
      }
      if (!(await this.#release(entry))) return false
    }
    await this.#tryCommit()
    return true
  }

  /** What a unit's end is has to be known to those who come after a death, before the sink has any of it. */
  async #commitSurely(): Promise<boolean> {
    const { lease } = this.#parts
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#commit()
        return !lease.over
      } catch (thrown) {
        this.#parts.trouble('cannot commit', toError(thrown))
      }
      await lease.sleep(backoff(attempt, { most: 5000 }))
      if (lease.ending) return false
    }
  }

  /** Where one that fails is made up for by the next. */
  async #tryCommit(): Promise<void> {
    await this.#commit().catch((thrown: unknown) => this.#parts.trouble('cannot commit', toError(thrown)))
  }

  #commit(): Promise<void> {
    const commit = this.#commits.then(() => this.#commitNow())
    this.#commits = commit.catch(() => undefined)
    return commit
  }

  async #commitNow(): Promise<void> {
    const { chain, lease, port, memory } = this.#parts
    const reached = this.#ledger.place(chain.held)
    if (reached === undefined || lease.over) return
    const place = this.#committed !== undefined && this.#committed > reached ? this.#committed : reached
    const note = this.#makeNote(place)
    if (place === this.#committed && note === this.#note) return
    await port.commit(place, note)
    this.#committed = place
    this.#note = note
    memory.marks.forget(place)
  }

  #makeNote(place: bigint): string {
    const notes = new Map<string, UnitNote>()
    for (const outlet of this.#gatherings.keys()) {
      const done = this.#done(outlet)
      const end = this.#unitEnds.get(outlet)
      if (end !== undefined || done > place) notes.set(outlet.key, { done, end })
    }
    return formatNote(notes) ?? this.#note
  }

  /** Wakes up when the first of those that wait has waited long enough. */
  #arm(): void {
    const { chain, clock, lease } = this.#parts
    if (this.#gatherings.size === 0 && !chain.isStateful) return
    this.#disarm()
    if (lease.ending) return
    const dues = [...this.#gatherings.values()].map(({ dueAt }) => dueAt)
    const due = Math.min(chain.dueAt, ...dues)
    if (due === Infinity) return
    this.#disarm = clock.after(Math.max(0, due - clock.now()), () => this.#wake())
  }

  #wake(): void {
    const { clock, trouble } = this.#parts
    for (const [outlet, gathering] of this.#gatherings) {
      if (gathering.dueAt > clock.now()) continue
      gathering.close()
      this.#writeUnits(outlet, gathering)
    }
    this.#turn(() => this.#flush('due')).catch((thrown: unknown) => trouble('cannot commit', toError(thrown)))
  }

  async #flush(which: 'due' | 'all' | 'unheld'): Promise<void> {
    const { chain } = this.#parts
    const from = chain.held
    const batch = chain.isStateful ? await chain.flush(which) : NOTHING
    const end = this.#end
    if (end !== undefined && (batch.records.length > 0 || batch.dead.length > 0))
      await this.#hand(new Entry({ from: from ?? end, end, batch, consumed: 0, bytes: 0 }))
    else await this.#commit()
    this.#arm()
  }

  get isFull(): boolean {
    if (this.#gatherings.size === 0 || !this.#parts.budget.isSpent) return false
    return ![...this.#gatherings.values()].some(({ fixedEnd }) => fixedEnd !== undefined)
  }

  room(): Promise<void> {
    return this.isFull ? this.#parts.budget.room(this.#parts.lease.signal) : Promise.resolve()
  }

  /** Closes what is gathered, that there is room. */
  relieve(): void {
    for (const [outlet, gathering] of this.#gatherings) {
      if (gathering.fixedEnd !== undefined || this.#units.has(outlet)) continue
      gathering.close()
      this.#writeUnits(outlet, gathering)
    }
  }

  async finish(isEnd: boolean): Promise<void> {
    this.#disarm()
    if (!this.#begun) return
    await this.#parts.lease.wait(this.#finish(isEnd))
    this.#finished()
  }

  async #finish(isEnd: boolean): Promise<void> {
    await this.#turn(() => this.#flush(isEnd ? 'all' : 'unheld'))
    this.#disarm()
    for (const [outlet, gathering] of this.#gatherings) {
      // Not before its fixed end: it would become another unit.
      if (isEnd || gathering.fixedEnd === undefined) gathering.close()
      this.#writeUnits(outlet, gathering)
    }
    while (this.#units.size > 0) await Promise.all(this.#units.values())
    await this.#commit()
  }

  #dispose(): void {
    this.#disarm()
    this.#parts.budget.give(this.#charged.bytes, this.#charged.records)
    this.#charged = { bytes: 0, records: 0 }
  }
}

function offsetOf(record: ConsumedRecord): bigint {
  return BigInt(record.place.offset)
}

/** Whether one of the two records is before this offset and the other is not. */
function isEnd(end: bigint, before: ConsumedRecord | undefined, after: ConsumedRecord): boolean {
  return before !== undefined && offsetOf(before) < end && offsetOf(after) >= end
}
