import { keyReader, type KeyOf, type KeySettings } from './key.ts'
import { LineSorter } from './line-sorter.ts'
import { choosePartition } from './partition.ts'
import type { Pile } from './router.ts'

/** Lines of one cut for one partition. */
export interface PlacedPile extends Pile {
  readonly partition: number
}

export interface KeyPlacerParts {
  readonly settings: KeySettings
  readonly journal: string
  /** Which of so many partitions is a key's, for all clients that agree with Java's. */
  readonly partitionOf: (key: Buffer, partitions: number) => number
  readonly onThrow: (thrown: unknown) => void
}

/** Puts lines of one key into one partition; those without a key into the journal's own. */
export class KeyPlacer {
  /** What decides, in short. */
  readonly rules: string
  /** The key for the record. What it throws was told when its place was looked for. */
  readonly keyOf: KeyOf
  readonly #placeKey: KeyOf
  readonly #parts: KeyPlacerParts
  readonly #sorter = new LineSorter()

  constructor(parts: KeyPlacerParts) {
    this.#parts = parts
    this.rules = `key ${JSON.stringify(parts.settings)}`
    this.keyOf = keyReader(parts.settings, () => undefined)
    this.#placeKey = keyReader(parts.settings, parts.onThrow)
  }

  place(pile: Pile, partitions: number): PlacedPile[] {
    const { journal, partitionOf } = this.#parts
    const home = choosePartition(journal, partitions)
    const sorted = this.#sorter.sort(pile.lines, pile.records, (start, end) => {
      const key = this.#placeKey(pile.lines, start, end)
      return key === undefined ? home : partitionOf(key, partitions)
    })
    return sorted.map(({ place, lines, records, numbers }) => ({
      topic: pile.topic,
      partition: place,
      lines,
      records,
      numbers:
        numbers === undefined ? pile.numbers : numbers.map((number) => pile.numbers?.[number] ?? number),
    }))
  }
}
