import type { Position } from '../record.ts'

/** Sequences wrap around behind the largest signed 32-bit number. */
const SEQUENCES = 2 ** 31

/**
 * A range of the journal as it goes to Kafka, in one part for each lane (partition of a topic) that its lines
 * go to. It is written down before any of them leaves; cut again after a crash, each part is the same.
 */
export interface Cut {
  readonly from: Position
  readonly to: Position
  /** For lines that tell no time of their own, milliseconds since 1970. */
  readonly timestamp: number
  /** How many partitions the topics had, where keys were spread over them. */
  readonly partitions?: Readonly<Record<string, number>>
  /** Several of one lane follow each other: the lane's lines of this cut, in their order. */
  readonly parts: readonly Part[]
}

/** Lines of one cut for one lane: one record batch. */
export interface Part {
  readonly topic: string
  readonly partition: number
  readonly records: number
  /** Number of the first record in its lane. */
  readonly sequence: number
  /**
   * Absent: Kafka does not have it. 'unsure': it has left, and Kafka may have it. 'refused': a line that Kafka
   * will never take; it holds its place, and has no numbers.
   */
  readonly state?: 'unsure' | 'acknowledged' | 'refused'
  /** Its records go without a time, since the broker refused theirs. */
  readonly untimed?: boolean
  /** Why Kafka refused it, until the line has been put aside. */
  readonly reason?: string
}

/** The name of a lane: no topic has a slash in it. */
export function laneName({ topic, partition }: Pick<Part, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`
}

export function isDone({ state }: Part): boolean {
  return state === 'acknowledged' || state === 'refused'
}

export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % SEQUENCES
}

/** The number with which each lane goes on: that of its first part that is not done. */
export function firstSequences(cuts: readonly Cut[]): Map<string, number> {
  const first = new Map<string, number>()
  for (const part of cuts.flatMap(({ parts }) => parts)) {
    const lane = laneName(part)
    if (!isDone(part) && !first.has(lane)) first.set(lane, part.sequence)
  }
  return first
}

/** The same cuts, with the parts that are not done numbered without a gap from `start` on, lane by lane. */
export function number(
  cuts: readonly Cut[],
  start: ReadonlyMap<string, number>,
): { readonly cuts: readonly Cut[]; readonly next: ReadonlyMap<string, number> } {
  const next = new Map(start)
  const numbered = mapParts(cuts, (part) => {
    if (isDone(part)) return part
    const lane = laneName(part)
    const sequence = next.get(lane) ?? 0
    next.set(lane, sequenceAfter(sequence, part.records))
    return { ...part, sequence }
  })
  return { cuts: numbered, next }
}

/** The same cuts for another producer, that has sent nothing yet; numbers are to be given anew. */
export function unsent(cuts: readonly Cut[]): readonly Cut[] {
  return mapParts(cuts, ({ state, ...part }) =>
    state === undefined || state === 'unsure' ? part : { ...part, state },
  )
}

/** Lines that Kafka has or may have. */
export function attempted(cuts: readonly Cut[], states: readonly Part['state'][]): number {
  return cuts
    .flatMap(({ parts }) => parts)
    .filter(({ state }) => state !== undefined && states.includes(state))
    .reduce((sum, { records }) => sum + records, 0)
}

/** The same cuts, with what is not done of one lane in another partition of its topic. */
export function moved(cuts: readonly Cut[], topic: string, from: number, to: number): readonly Cut[] {
  return mapParts(cuts, (part) =>
    part.topic === topic && part.partition === from && !isDone(part) ? { ...part, partition: to } : part,
  )
}

function mapParts(cuts: readonly Cut[], change: (part: Part) => Part): readonly Cut[] {
  return cuts.map((cut) => ({ ...cut, parts: cut.parts.map(change) }))
}
