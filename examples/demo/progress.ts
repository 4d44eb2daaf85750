import type { LoggerStats } from 'logflume'
import type { ConsumerStats } from 'logflume/consumer'

/** Where the shop's lines are: `written = forwarded + pending + lost`. */
export interface ShopCounts {
  readonly written: number
  readonly forwarded: number
  readonly pending: number
  readonly lost: number
}

/** What the shop left behind when it was killed. */
export interface FirstLife {
  /** Lines on disk. */
  readonly onDisk: number
  /** Lines that it said it had written, and that did not get there. */
  readonly gone: number
}

/**
 * Adds the shop's two lives up. A logger counts as `recovered`, and again as written, the lines that it finds
 * on disk and Kafka does not have; those are in `onDisk` already.
 */
export function shopCounts(
  { written, forwarded, pending, lost, recovered }: LoggerStats,
  { onDisk, gone }: FirstLife = { onDisk: 0, gone: 0 },
): ShopCounts {
  const before = onDisk - recovered
  return {
    written: before + written + gone,
    forwarded: before + forwarded,
    pending,
    lost: sum(lost) + gone,
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

export interface Progress {
  readonly shop: ShopCounts
  readonly consumer: Pick<ConsumerStats, 'delivered' | 'latency'>
}

export const NOTHING_YET: Progress = {
  shop: { written: 0, forwarded: 0, pending: 0, lost: 0 },
  consumer: { delivered: 0, latency: { p50: undefined, p99: undefined } },
}

/** What is above the rows. `forwarded` says what that is: in Kafka, or on disk. */
export function heading(forwarded: string): string {
  return columns('time', ['written', forwarded, 'consumed', 'pending', 'lost', 'p50 ms', 'p99 ms'])
}

/** At most 80 columns, whatever the numbers. */
export function row(seconds: number, { shop, consumer }: Progress): string {
  const { written, forwarded, pending, lost } = shop
  const { delivered, latency } = consumer
  const numbers = [written, forwarded, delivered, pending, lost, latency.p50, latency.p99]
  return columns(time(seconds), numbers.map(number))
}

/** The start of a row. */
export function time(seconds: number): string {
  return `${Math.floor(seconds)} s`.padStart(7)
}

const exact = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { notation: 'compact' })

export function number(value: number | undefined): string {
  if (value === undefined) return '-'
  return Math.abs(value) < 1e6 ? exact.format(value) : short.format(value)
}

function columns(first: string, others: readonly string[]): string {
  return first.padStart(7) + others.map((cell) => cell.padStart(10)).join('')
}
