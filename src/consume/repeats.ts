import type { KafkaMessage } from 'kafkajs'

interface Uncommitted {
  readonly first: KafkaMessage
  readonly last: bigint
  /** It came again, and is what it was. */
  recognised: boolean
}

/**
 * Batches that all sinks have, but of which Kafka does not know it yet. Where the commit fails, as when the
 * broker dies at that moment, they come again, and must not go to the sinks a second time. The first record
 * is kept to see that it is the same one: a topic can be deleted and made anew, with other offsets.
 */
export class Repeats {
  readonly #uncommitted = new Map<string, Uncommitted>()

  /** The sinks have these messages. */
  note(topic: string, partition: number, messages: readonly KafkaMessage[]): void {
    const first = messages[0]
    const last = messages.at(-1)
    if (first === undefined || last === undefined) return
    // Copied out of the fetched response, which would be kept as a whole.
    const copy = { ...first, value: first.value && Buffer.from(first.value) }
    this.#uncommitted.set(`${topic}/${partition}`, {
      first: copy,
      last: BigInt(last.offset),
      recognised: false,
    })
  }

  /** How many messages at the head of a batch the sinks have already. */
  count(topic: string, partition: number, messages: readonly KafkaMessage[]): number {
    const known = this.#uncommitted.get(`${topic}/${partition}`)
    const first = messages[0]
    if (known === undefined || first === undefined) return 0
    known.recognised ||= isSame(known.first, first)
    if (!known.recognised || !isWithin(known, first)) {
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
  return BigInt(offset) >= BigInt(first.offset) && BigInt(offset) <= last
}

function isSame(one: KafkaMessage, other: KafkaMessage): boolean {
  if (one.offset !== other.offset || one.timestamp !== other.timestamp) return false
  return one.value === null || other.value === null
    ? one.value === other.value
    : one.value.equals(other.value)
}
