import { flat, quote } from './quote.ts'

const mostKeys = 1000
const longestKey = 64

/** `,"key":` of the keys seen lately: they repeat, and looking them up costs less than quoting them. */
export class Keys {
  readonly #texts = new Map<string, string>()
  readonly #name: (key: string) => string

  /** `name` gives the key that stands in the line. */
  constructor(name: (key: string) => string) {
    this.#name = name
  }

  text(key: string): string {
    return this.#texts.get(key) ?? this.#add(key)
  }

  #add(key: string): string {
    const text = flat(`,${quote(this.#name(key))}:`)
    if (this.#texts.size >= mostKeys) this.#texts.clear()
    if (key.length <= longestKey) this.#texts.set(key, text)
    return text
  }
}
