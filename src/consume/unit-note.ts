/** How far a sink that gathers has come, where that is not what the committed offset says. */
export interface UnitNote {
  /** It has everything before this offset. */
  readonly done: bigint
  /** The unit that it was being given, and may have, ends here. */
  readonly end: bigint | undefined
}

const PREFIX = 'logflume1 '
/** Kafka's own limit for the text beside an offset, `offset.metadata.max.bytes`. */
const MAX_BYTES = 4096

/** By sink, as text that is kept beside a committed offset; undefined where Kafka would not take it. */
export function formatNote(notes: ReadonlyMap<string, UnitNote>): string | undefined {
  if (notes.size === 0) return ''
  const entries = [...notes].map(([sink, { done, end }]) => [sink, [String(done), String(end ?? '')]])
  const text = PREFIX + JSON.stringify(Object.fromEntries(entries))
  return Buffer.byteLength(text) <= MAX_BYTES ? text : undefined
}

/** What is not ours, or damaged, says nothing. */
export function parseNote(text: string | null | undefined): ReadonlyMap<string, UnitNote> {
  const notes = new Map<string, UnitNote>()
  if (text?.startsWith(PREFIX) !== true) return notes
  try {
    const content: unknown = JSON.parse(text.slice(PREFIX.length))
    for (const [sink, value] of Object.entries(content as Record<string, unknown>)) {
      const [done, end] = value as readonly [string, string]
      notes.set(sink, { done: BigInt(done), end: end === '' ? undefined : BigInt(end) })
    }
  } catch {
    notes.clear()
  }
  return notes
}
