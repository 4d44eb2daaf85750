/** What a record holds: names to JSON values. ECS names are flat keys with dots, as in `log.level`. */
export type Fields = Record<string, unknown>

/** Where in a journal: a segment, named by the ordinal of its first line, and a byte offset in it. */
export interface Position {
  readonly segment: number
  readonly offset: number
}

/** Where a record came from. A journal read without Kafka gives its name, its slot and the line's ordinal. */
export interface Place {
  readonly topic: string
  readonly partition: number
  /** Kafka's offset; a string, since it has 64 bits. */
  readonly offset: string
}

/** Counts by reason, as in `{ 'disk slow': 12 }`; reasons that never happened are absent. */
export type Losses = Readonly<Record<string, number>>
