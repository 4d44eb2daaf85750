/** What a record holds: names to JSON values. ECS names are flat keys with dots, as in `log.level`. */
export type Fields = Record<string, unknown>

/** A place between two lines of a journal. */
export interface Position {
  /** The segment, named by the ordinal of its first line. */
  readonly segment: number
  /** Bytes from the segment's start. */
  readonly offset: number
  /** The ordinal of the line that begins here: its number in the journal, from 0. */
  readonly ordinal: number
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
