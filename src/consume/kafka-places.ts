import type { KafkaSettings } from './options.ts'
import type { Assignment, CommittedPlace, Group } from './reach-group.ts'

/** Where reading begins and ends, partition by partition. By 'topic/partition'. */
export class KafkaPlaces {
  readonly #settings: Pick<KafkaSettings, 'start' | 'end'>
  /** The offset of the next record that is expected. */
  readonly #next = new Map<string, bigint>()
  readonly #committed = new Map<string, CommittedPlace>()
  /** Fixed when it is first asked for: otherwise the end would move as records come. */
  readonly #ends = new Map<string, bigint>()
  /** Those whose place Kafka had no record for any more. */
  readonly #reset = new Set<string>()

  constructor(settings: Pick<KafkaSettings, 'start' | 'end'>) {
    this.#settings = settings
  }

  /** Finds out about the partitions that a member got; resolves with the offsets that it has to go to. */
  async begin(assignment: Assignment, group: Group): Promise<ReadonlyMap<string, bigint>> {
    this.#next.clear()
    this.#committed.clear()
    const committed = await group.committed(assignment)
    const starts = new Map<string, bigint>()
    for (const [topic, partitions] of Object.entries(assignment)) {
      const fresh = partitions.filter((partition) => {
        const key = `${topic}/${partition}`
        const known = committed.get(key) ?? { place: undefined, note: '' }
        this.#committed.set(key, known)
        if (known.place !== undefined) this.#next.set(key, known.place)
        return known.place === undefined
      })
      for (const [partition, offset] of await this.#starts(topic, fresh, group)) {
        starts.set(`${topic}/${partition}`, offset)
        this.#next.set(`${topic}/${partition}`, offset)
      }
      await this.#findEnds(topic, partitions, group)
    }
    return starts
  }

  async #starts(
    topic: string,
    partitions: readonly number[],
    group: Group,
  ): Promise<readonly (readonly [number, bigint])[]> {
    const { start, end } = this.#settings
    if (partitions.length === 0) return []
    if (typeof start === 'object' && 'offsets' in start)
      return partitions.flatMap((partition) => {
        const offset = start.offsets[topic]?.[partition]
        return offset === undefined ? [] : [[partition, BigInt(offset)] as const]
      })
    // Where it ends by itself, it has to be known where it is.
    if (start === 'latest' || (start === 'earliest' && end === undefined)) return []
    const offsets = await group.offsetsAt(
      topic,
      partitions,
      start === 'earliest' ? start : Number(start.time),
    )
    return partitions.flatMap((partition, index) => {
      const offset = offsets[index]
      return offset === undefined ? [] : [[partition, offset] as const]
    })
  }

  async #findEnds(topic: string, partitions: readonly number[], group: Group): Promise<void> {
    const { end } = this.#settings
    const unknown = partitions.filter((partition) => !this.#ends.has(`${topic}/${partition}`))
    if (end === undefined || unknown.length === 0) return
    const offsets = await group.offsetsAt(topic, unknown, Number(end.time))
    for (const [index, partition] of unknown.entries()) {
      const offset = offsets[index]
      if (offset !== undefined) this.#ends.set(`${topic}/${partition}`, offset)
    }
  }

  committed(key: string): CommittedPlace {
    return this.#committed.get(key) ?? { place: undefined, note: '' }
  }

  noteCommitted(key: string, place: bigint, note: string): void {
    this.#committed.set(key, { place, note })
  }

  /** The offset behind the last record that is wanted. */
  end(key: string): bigint | undefined {
    return this.#ends.get(key)
  }

  isAtEnd(key: string): boolean {
    const end = this.#ends.get(key)
    return end !== undefined && (this.#next.get(key) ?? 0n) >= end
  }

  moveTo(key: string, next: bigint): void {
    this.#next.set(key, next)
  }

  /** kafkajs had to go elsewhere, since the records at its place are gone. */
  noteReset(key: string): void {
    this.#reset.add(key)
  }

  /** How many records were passed over when this was fetched. */
  lostBefore(key: string, fetched: bigint): bigint {
    const next = this.#next.get(key)
    if (!this.#reset.delete(key) || next === undefined || fetched <= next) return 0n
    return fetched - next
  }
}
