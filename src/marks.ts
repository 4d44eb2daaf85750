/** What is needed of a record to know it again. */
export interface Marked {
  readonly place: { readonly offset: string }
  readonly checksum: number
}

export interface Mark {
  readonly offset: bigint
  readonly checksum: number
}

/**
 * A few records of a stretch that was delivered, in order, by which it is known when it comes again. Offsets
 * alone would not do: a topic can be deleted and made anew, and then other records have them.
 */
export class Marks {
  #marks: Mark[]

  constructor(marks: readonly Mark[] = []) {
    this.#marks = [...marks]
  }

  get all(): readonly Mark[] {
    return this.#marks
  }

  /** One that is not behind the last one is there already. */
  note({ place, checksum }: Marked): void {
    const offset = BigInt(place.offset)
    const last = this.#marks.at(-1)
    if (last === undefined || offset > last.offset) this.#marks.push({ offset, checksum })
  }

  /** Nothing before this offset comes again. */
  forget(before: bigint): void {
    const kept = this.#marks.findIndex(({ offset }) => offset >= before)
    if (kept !== 0) this.#marks = kept === -1 ? [] : this.#marks.slice(kept)
  }

  clear(): void {
    this.#marks = []
  }

  /** Whether these records are of the stretch; undefined where none of them is known. */
  recognise(records: readonly Marked[]): boolean | undefined {
    let index = 0
    for (const record of records) {
      const offset = BigInt(record.place.offset)
      while ((this.#marks[index]?.offset ?? offset) < offset) index++
      const mark = this.#marks[index]
      if (mark === undefined) return undefined
      if (mark.offset === offset) return mark.checksum === record.checksum
    }
    return undefined
  }
}
