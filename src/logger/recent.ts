const MOST = 8

/**
 * The last few values, by the objects that they were made of. Among so few, comparing each costs less than a
 * `WeakMap`; and what is forgotten is made again.
 */
export class Recent<K extends object, V> {
  readonly #keys: K[] = []
  readonly #values: V[] = []
  #next = 0

  get(key: K): V | undefined {
    const index = this.#keys.indexOf(key)
    return index === -1 ? undefined : this.#values[index]
  }

  set(key: K, value: V): V {
    this.#keys[this.#next] = key
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % MOST
    return value
  }
}
