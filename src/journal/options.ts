import { resolve } from 'node:path'
import { refuse, type OptionReader } from '../options.ts'
import type { RetentionRules } from './retention.ts'
import type { RotationRules, Zone } from './rotation.ts'
import { hasZstd } from './segment-content.ts'
import type { Compression } from './segment.ts'

export interface JournalOptions {
  /** Directory of the journal; made where missing. @default 'logs' */
  readonly dir?: string
  readonly rotate?: {
    /** Bytes at which a segment is full. @default 67_108_864 (64 MiB) */
    readonly maxBytes?: number
    /** What begins a new segment besides: each day, each hour, or nothing. @default 'day' */
    readonly every?: RotationRules['every']
    /** Whose days and hours: the machine's or UTC's. @default 'local' */
    readonly zone?: Zone
    /** Whether SIGHUP begins a new segment; the signal then does not end the process. @default false */
    readonly onSighup?: boolean
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
    /** How closed segments are compressed, once Kafka has them, off the app's thread. @default 'none' */
    readonly compress?: 'none' | 'gzip' | 'zstd'
  }
  /** Bytes of lines that may wait in memory for a slow disk before lines are dropped and counted. @default 16 MiB */
  readonly maxBufferBytes?: number
  /**
   * When lines go to the kernel. 'tick': at the end of the tick that made them, or when 64 KiB wait, before
   * the event loop goes on; a disk that was slow is not waited for in the next ten seconds. 'line': each
   * before its call returns, which costs a system call a line. 'async': as 'tick', but the event loop never
   * waits, which is for directories on a network. @default 'tick', and 'async' on NFS, SMB, Ceph, AFS and 9P
   */
  readonly flush?: 'tick' | 'line' | 'async'
  /**
   * When the disk is told to keep what the kernel has, which matters where the machine loses power: never,
   * after each write, before its lines count as on disk, or a number of milliseconds after it.
   * @default 'never'
   */
  readonly fsync?: JournalSettings['fsync']
}

export interface JournalSettings {
  readonly dir: string
  readonly name: string
  readonly rotate: RotationRules & { readonly onSighup: boolean }
  readonly retain: RetentionRules
  readonly compress: Compression | undefined
  readonly maxBufferBytes: number
  /** Undefined: as the file system asks for. */
  readonly flush: 'tick' | 'line' | 'async' | undefined
  readonly fsync: 'never' | 'write' | number
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
      every: rotate.oneOf('every', ['day', 'hour', 'never'], 'day'),
      zone: rotate.oneOf('zone', ['local', 'utc'], 'local'),
      onSighup: rotate.boolean('onSighup', false),
    },
    retain: {
      days: retain.integer('days', 14, { min: 1, max: 36_500 }),
      bytes: retain.integer('bytes', 10 * 1024 ** 3, { min: 65_536 }),
      segments: retain.integer('segments', Number.MAX_SAFE_INTEGER, { min: 2 }),
      minFree: retain.integer('minFree', 0),
    },
    compress: readCompression(retain),
    maxBufferBytes: reader.integer('maxBufferBytes', 16 * 1024 * 1024, { min: 65_536, max: 256 * 1024 ** 2 }),
    flush: reader.has('flush') ? reader.oneOf('flush', ['tick', 'line', 'async'], 'tick') : undefined,
    fsync: readFsync(reader),
  }
  rotate.end()
  retain.end()
  return settings
}

function readCompression(retain: OptionReader): Compression | undefined {
  const name = retain.oneOf('compress', ['none', 'gzip', 'zstd'], 'none')
  if (name === 'zstd' && !hasZstd)
    refuse(retain.at('compress'), "'none' or 'gzip': this Node has no zstd (22.15 has)", name)
  return name === 'none' ? undefined : name === 'gzip' ? 'gz' : 'zst'
}

function readFsync(reader: OptionReader): JournalSettings['fsync'] {
  const value = reader.raw('fsync') ?? 'never'
  if (value === 'never' || value === 'write') return value
  const whole = typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 3_600_000
  if (!whole) refuse(reader.at('fsync'), "'never', 'write' or milliseconds from 1 to 3600000", value)
  return value
}
