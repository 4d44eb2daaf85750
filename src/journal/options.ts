import { resolve } from 'node:path'
import type { OptionReader } from '../options.ts'
import type { RetentionRules } from './retention.ts'
import type { RotationRules, Zone } from './rotation.ts'

export interface JournalOptions {
  /** Directory of the journal; made where missing. @default 'logs' */
  readonly dir?: string
  readonly rotate?: {
    /** Bytes at which a segment is full. @default 67_108_864 (64 MiB) */
    readonly maxBytes?: number
    /** Whether each day begins a new segment. @default true */
    readonly daily?: boolean
    /** Whose days: the machine's or UTC's. @default 'local' */
    readonly zone?: Zone
  }
  readonly retain?: {
    /** Days that closed segments are kept. @default 14 */
    readonly days?: number
    /** Bytes that one journal may have on disk. What Kafka lacks is spared up to here. @default 10 GiB */
    readonly bytes?: number
    /** Segments that one journal may have; what Kafka lacks is spared. @default any number */
    readonly segments?: number
    /** Bytes that shall stay free on the disk: below that the oldest segments go. @default 0 */
    readonly minFree?: number
  }
  /** Bytes of lines that may wait in memory for a slow disk before lines are dropped and counted. @default 16 MiB */
  readonly maxBufferBytes?: number
}

export interface JournalSettings {
  readonly dir: string
  readonly name: string
  readonly rotate: RotationRules
  readonly retain: RetentionRules
  readonly maxBufferBytes: number
}

export function readJournalOptions(reader: OptionReader, name: string): JournalSettings {
  const rotate = reader.section('rotate')
  const retain = reader.section('retain')
  const settings: JournalSettings = {
    // Resolved now: a process that changes its working directory later must not move its journal.
    dir: resolve(reader.string('dir', 'logs')),
    name,
    rotate: {
      maxBytes: rotate.integer('maxBytes', 64 * 1024 * 1024, { min: 4096 }),
      daily: rotate.boolean('daily', true),
      zone: rotate.oneOf('zone', ['local', 'utc'], 'local'),
    },
    retain: {
      days: retain.integer('days', 14, { min: 1, max: 36_500 }),
      bytes: retain.integer('bytes', 10 * 1024 ** 3, { min: 65_536 }),
      segments: retain.integer('segments', Number.MAX_SAFE_INTEGER, { min: 2 }),
      minFree: retain.integer('minFree', 0),
    },
    maxBufferBytes: reader.integer('maxBufferBytes', 16 * 1024 * 1024, { min: 65_536, max: 256 * 1024 ** 2 }),
  }
  rotate.end()
  retain.end()
  return settings
}
