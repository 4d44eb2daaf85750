import { crc32 } from '@node-rs/crc32'

export interface Tally {
  /** That have to be in Kafka: what is in the journals (or files), and what was promised to be there. */
  readonly lines: number
  /** Of these, not in Kafka, or not even in the journal. */
  readonly lost: number
  /** Copies in Kafka beyond the first. */
  readonly twice: number
  /** Lines that come behind one that was logged later, per journal and partition; copies aside. */
  readonly outOfOrder: number
  /** Lines in Kafka that nobody logged, or with other bytes. */
  readonly foreign: number
  /** Some of what is wrong, for whoever looks for the reason. */
  readonly examples: readonly string[]
}

interface Expected {
  readonly stream: string
  /** Number of the line in its stream. */
  readonly index: number
  readonly checksum: number
  copies: number
}

/** How many examples are kept of each thing that is wrong. */
const EXAMPLES = 5

/**
 * Compares what was logged with what is in Kafka, line by line. A line is known by its app, the run of that
 * app (a restart begins the next one), and its number in that run, from 0.
 */
export class Account {
  readonly #expected = new Map<string, Expected>()
  readonly #streams = new Map<string, number>()
  /** By app and run: the number of the next line. */
  readonly #next = new Map<string, number>()
  /** By stream and partition: the highest index so far. */
  readonly #highest = new Map<string, number>()
  readonly #examples = new Map<string, string[]>()
  #neverStored = 0
  #twice = 0
  #outOfOrder = 0
  #foreign = 0

  /** The next line of a journal or file, without its newline. */
  logged(stream: string, line: Buffer): void {
    const id = parseId(line)
    const index = this.#streams.get(stream) ?? 0
    this.#streams.set(stream, index + 1)
    if (id === undefined) {
      this.#foreign++
      this.#wrong('foreign', `in ${stream}: ${shorten(line)}`)
      return
    }
    if (this.#expected.has(id.line)) {
      this.#twice++
      this.#wrong('twice', `${id.line}, in the journals already, again in ${stream}`)
      return
    }
    const next = this.#next.get(id.run) ?? 0
    if (id.n !== next) this.#wrong('not in the journal', `${id.run} goes on with ${id.n} after ${next - 1}`)
    this.#neverStored += Math.max(0, id.n - next)
    this.#next.set(id.run, Math.max(next, id.n + 1))
    this.#expected.set(id.line, { stream, index, checksum: crc32(line), copies: 0 })
  }

  /** After all lines: the first `count` lines of a run were promised to be in the journal. */
  promised(app: number, run: number, count: number): void {
    const next = this.#next.get(`${app}.${run}`) ?? 0
    if (next >= count) return
    this.#neverStored += count - next
    this.#wrong('not in the journal', `${app}.${run} ends with ${next - 1}, promised were ${count} lines`)
  }

  /** Lines of a run that are in a journal. */
  stored(app: number, run: number): number {
    return this.#next.get(`${app}.${run}`) ?? 0
  }

  /** A message of the topic; partition by partition in order of offset. */
  arrived(partition: number, offset: bigint, line: Buffer): void {
    const id = parseId(line)
    const expected = id && this.#expected.get(id.line)
    const place = `${partition}:${offset}`
    if (expected?.checksum !== crc32(line)) {
      this.#foreign++
      this.#wrong('foreign', `${place} ${shorten(line)}`)
      return
    }
    const { stream, index } = expected
    if (++expected.copies > 1) {
      this.#twice++
      this.#wrong('twice', `${id?.line} of ${stream}, again at ${place}`)
      return
    }
    const way = `${stream} ${partition}`
    const highest = this.#highest.get(way) ?? -1
    this.#highest.set(way, Math.max(highest, index))
    if (index > highest) return
    this.#outOfOrder++
    this.#wrong('out of order', `${id?.line}, line ${index} of ${stream}, behind ${highest} at ${place}`)
  }

  tally(): Tally {
    let missing = 0
    for (const [line, { stream, index, copies }] of this.#expected) {
      if (copies > 0) continue
      missing++
      this.#wrong('lost', `${line}, line ${index} of ${stream}`)
    }
    return {
      lines: this.#expected.size + this.#neverStored,
      lost: missing + this.#neverStored,
      twice: this.#twice,
      outOfOrder: this.#outOfOrder,
      foreign: this.#foreign,
      examples: [...this.#examples.values()].flat(),
    }
  }

  #wrong(what: string, detail: string): void {
    const examples = this.#examples.get(what) ?? []
    if (examples.length < EXAMPLES) examples.push(`${what}: ${detail}`)
    this.#examples.set(what, examples)
  }
}

/** What the apps write into each line, in this order. */
function parseId(
  line: Buffer,
): { readonly line: string; readonly run: string; readonly n: number } | undefined {
  const found = /"app":(\d+),"run":(\d+),"n":(\d+)/.exec(line.toString('latin1'))
  if (found === null) return undefined
  const [, app, run, n] = found
  return { line: `${app}.${run}.${n}`, run: `${app}.${run}`, n: Number(n) }
}

function shorten(line: Buffer): string {
  return line.toString().slice(0, 120)
}
