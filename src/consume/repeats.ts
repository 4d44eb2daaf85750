import type { KafkaMessage } from 'kafkajs'

interface Uncommitted {
  readonly first: KafkaMessage
  readonly last: bigint
  /** It came again, and is what it was. */
  recognised: boolean
}

/**
 * Batches that all sinks have, but whose commit failed, as when the broker dies at that moment. They come
 * again, and these records must not go to the sinks a second time. The first record of a batch is kept to
 * see that it is the same one: a topic can be deleted and made anew, and begins at offset 0 again.
 */
export class Repeats {
  readonly #uncommitted = new Map<string, Uncommitted>()

  /** The sinks have these messages, and Kafka does not know it. */
  note(topic: string, partition: number, messages: readonly KafkaMessage[]): void {
    const first = messages[0]
    const last = messages.at(-1)
    if (first === undefined || last === undefined) return
    const known = this.#uncommitted.get(`${topic}/${partition}`)
    this.#uncommitted.set(`${topic}/${partition}`, {
      // Out of the fetched response, which would be kept as a whole.
      first: known?.first ?? { ...first, value: first.value && Buffer.from(first.value) },
      last: BigInt(last.offset),
      recognised: known !== undefined,
    })
  }

  /** How many messages at the head of a batch the sinks have already. */
  count(topic: string, partition: number, messages: readonly KafkaMessage[]): number {
    const known = this.#uncommitted.get(`${topic}/${partition}`)
    const first = messages[0]
    if (known === undefined || first === undefined) return 0
    if (isSame(known.first, first)) known.recognised = true
    else if (!known.recognised || !isWithin(known, first)) {
      this.#uncommitted.delete(`${topic}/${partition}`)
      return 0
    }
    const fresh = messages.findIndex(({ offset }) => BigInt(offset) > known.last)
    return fresh === -1 ? messages.length : fresh
  }

  /** Kafka knows that messages up to this one are done with. */
  committed(topic: string, partition: number, last: bigint): void {
    const known = this.#uncommitted.get(`${topic}/${partition}`)
    if (known !== undefined && last >= known.last) this.#uncommitted.delete(`${topic}/${partition}`)
  }
}

function isWithin({ first, last }: Uncommitted, { offset }: KafkaMessage): boolean {
  return BigInt(offset) > BigInt(first.offset) && BigInt(offset) <= last
}

function isSame(one: KafkaMessage, other: KafkaMessage): boolean {
  if (one.offset !== other.offset || one.timestamp !== other.timestamp) return false
  return one.value === null || other.value === null
    ? one.value === other.value
    : one.value.equals(other.value)
}
