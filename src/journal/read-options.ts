import { resolve } from 'node:path'
import { OptionReader, refuse } from '../options.ts'
import type { Position } from '../record.ts'

/** A place between two lines of the journal in a slot. */
export interface JournalPosition extends Position {
  readonly slot: number
}

export interface ReadJournalOptions {
  /** The directory that `createLogger` writes to. */
  readonly dir: string
  /** The logger's name. */
  readonly name: string
  /** Whose journal: that of the process in this slot. @default all there are */
  readonly slot?: number
  /**
   * Where to begin: at the oldest line, behind the newest, or where an earlier reading was. Slots of which no
   * position is given are read from their oldest line.
   * @default 'earliest'
   */
  readonly from?: 'earliest' | 'latest' | JournalPosition | readonly JournalPosition[]
  /** Wait for new lines; false: end after what is there. @default false */
  readonly follow?: boolean
  /** Ends the reading. */
  readonly signal?: AbortSignal
}

export interface ReadSettings {
  readonly dir: string
  readonly name: string
  readonly slot: number | undefined
  readonly start: 'earliest' | 'latest'
  readonly positions: ReadonlyMap<number, Position>
  readonly follow: boolean
  readonly signal: AbortSignal | undefined
}

export function readReadOptions(options: unknown): ReadSettings {
  const reader = new OptionReader('options', options)
  const slot = reader.has('slot') ? reader.integer('slot', undefined) : undefined
  const from = reader.raw('from') ?? 'earliest'
  const isName = from === 'earliest' || from === 'latest'
  const settings: ReadSettings = {
    dir: resolve(reader.string('dir')),
    name: readName(reader),
    slot,
    start: isName ? from : 'earliest',
    positions: isName ? new Map<number, Position>() : readPositions(reader.at('from'), from, slot),
    follow: reader.boolean('follow', false),
    signal: readSignal(reader),
  }
  reader.end()
  return settings
}

function readName(reader: OptionReader): string {
  const name = reader.string('name')
  if (/[/\\\0]/.test(name)) refuse(reader.at('name'), 'a name without slashes', name)
  return name
}

function readSignal(reader: OptionReader): AbortSignal | undefined {
  const signal = reader.raw('signal')
  if (signal !== undefined && !(signal instanceof AbortSignal))
    refuse(reader.at('signal'), 'an AbortSignal', signal)
  return signal
}

const EXPECTED = `'earliest', 'latest', or positions { slot, segment, offset, ordinal }, as a reading gives them`

function readPositions(option: string, from: unknown, only: number | undefined): Map<number, Position> {
  const positions = new Map<number, Position>()
  for (const one of Array.isArray(from) ? (from as unknown[]) : [from]) {
    if (!isPosition(one)) refuse(option, EXPECTED, one)
    const { slot, segment, offset, ordinal } = one
    if (only !== undefined && slot !== only) refuse(option, `a position in slot ${only}`, one)
    if (positions.has(slot)) refuse(option, 'one position of each slot', from)
    positions.set(slot, { segment, offset, ordinal })
  }
  return positions
}

function isPosition(value: unknown): value is JournalPosition {
  if (typeof value !== 'object' || value === null) return false
  const { slot, segment, offset, ordinal } = value as Partial<JournalPosition>
  return [slot, segment, offset, ordinal].every(
    (number) => Number.isSafeInteger(number) && Number(number) >= 0,
  )
}
