import type { Position } from '../record.ts'
import type { Checkpoint } from './checkpoint.ts'

/**
 * The checkpoint as found, or mended where it does not fit the journal any more. `end` is where the journal
 * ended when its process opened it; for a worker that follows on another one, the checkpoint has rightly moved
 * past that.
 */
export function startingPoint(
  found: Checkpoint | undefined,
  earliest: Position,
  end: Position | undefined,
  /** For a journal that has none. */
  journal: string,
  rules: string,
): Checkpoint {
  if (found === undefined) return fresh(journal, rules, earliest)
  // Ahead of the journal: a power cut took lines that Kafka has. Their ordinals are used again, so begin
  // where the journal ends now.
  if (end !== undefined && found.position.ordinal > end.ordinal) return fresh(found.journal, rules, end)
  return found
}

function fresh(journal: string, rules: string, position: Position): Checkpoint {
  return { version: 2, journal, rules, producer: undefined, topics: {}, position, inFlight: [] }
}
