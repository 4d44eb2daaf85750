import { Worker } from 'node:worker_threads'
import { guarded, printDiagnostics, type DiagnosticHandler } from '../diagnostics.ts'
import { CheckpointFile } from '../forward/checkpoint.ts'
import { bootThread, Forwarding, type Thread } from '../forward/forwarding.ts'
import { SlotForwarding } from '../forward/slot-forwarding.ts'
import { readForwardOptions, type ForwardOptions, type ForwardSettings } from '../forward/options.ts'
import { checkpointFile } from '../journal/directory.ts'
import { Journal } from '../journal/journal.ts'
import { readJournalOptions, type JournalOptions, type JournalSettings } from '../journal/options.ts'
import type { OptionReader } from '../options.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { LineWriter } from './line-writer.ts'
import type { LoggerStats } from './stats.ts'

/** Options of where lines go, whoever makes them. */
export interface OutputOptions extends JournalOptions {
  /** Where the lines are forwarded to. @default nowhere: they stay on disk */
  readonly kafka?: ForwardOptions
  /** Told of the library's own trouble. @default warnings and errors to standard error, each once a minute */
  readonly onDiagnostic?: DiagnosticHandler
}

export interface OutputSettings {
  readonly journal: JournalSettings
  /** Undefined: the lines stay on disk. */
  readonly forward: ForwardSettings | undefined
  readonly diagnose: DiagnosticHandler
}

/** Where the lines of one `name` go: a journal, and from there, where Kafka is on, to Kafka. */
export interface Output {
  readonly writer: LineWriter
  readonly lifecycle: Lifecycle
  /** Which journal of that name it is, and where its next line on disk will be. */
  readonly journal: Pick<Journal, 'slot' | 'end'>
}

/** Milliseconds that `flush` and `close` wait for Kafka where the caller does not say. */
const END_TIMEOUT = 5_000

/** Milliseconds that the disk gets in any case, whatever the timeout is: a line that is not there is lost. */
const DISK_TIMEOUT = 3_000

/**
 * Takes these options out of the reader, which the caller ends. `name` names the journal's files; `ranks` are
 * those of the levels that its lines have, where they are not the usual ones.
 */
export function readOutputOptions(
  reader: OptionReader,
  name: string,
  ranks?: Readonly<Record<string, number>>,
): OutputSettings {
  return {
    journal: readJournalOptions(reader, name),
    forward: reader.has('kafka')
      ? readForwardOptions(reader.section('kafka'), { service: name, ranks })
      : undefined,
    diagnose: guarded(reader.function('onDiagnostic', printDiagnostics())),
  }
}

/**
 * Opens the journal, and forwards what is in it.
 *
 * @throws LogflumeError `JOURNAL` when the directory cannot be used.
 */
export function openOutput({ journal: settings, forward, diagnose }: OutputSettings): Output {
  const { dir, name, compress } = settings
  // Before the journal is opened, since the one takes as long as the other.
  let thread = forward === undefined && compress === undefined ? undefined : bootThread(name)
  const journal = openJournal(settings, diagnose, thread)
  const forwarding =
    thread &&
    new SlotForwarding(journal.end, (openedAt) => {
      const data = { journal: { dir, name, slot: journal.slot }, openedAt, forward, compress }
      const booted = thread
      thread = undefined // The next slot has one of its own.
      return new Forwarding(data, diagnose, booted)
    })
  if (forwarding !== undefined) {
    forwarding.progress.set('newestSegment', journal.end.segment)
    journal.onWrite = () => {
      const { progress } = forwarding
      progress.set('newestSegment', journal.end.segment)
      progress.wake()
    }
    journal.onSlotLost = () => forwarding.leave()
    journal.onMoved = () => {
      const { segment } = journal.end
      forwarding.move({ segment, offset: 0, ordinal: segment })
      forwarding.progress.set('newestSegment', segment)
    }
    if (forwarding.forwards)
      journal.sparedFrom = (slot) => {
        if (slot === journal.slot) return forwarding.progress.acknowledged
        const left = new CheckpointFile(checkpointFile(settings.dir, settings.name, slot))
        return left.load()?.position.ordinal ?? 0
      }
  }
  return { writer: journal, lifecycle: lifecycle(journal, forwarding), journal }
}

function openJournal(
  settings: JournalSettings,
  diagnose: DiagnosticHandler,
  thread: Thread | undefined,
): Journal {
  try {
    return new Journal(settings, diagnose)
  } catch (thrown) {
    if (thread instanceof Worker) void thread.terminate()
    throw thrown
  }
}

/** For loggers that have no journal. */
export function withoutJournal(): { readonly writer: undefined; readonly lifecycle: Lifecycle } {
  return {
    writer: undefined,
    lifecycle: {
      stats: () => NOTHING_KEPT,
      flush: () => Promise.resolve(NOTHING_KEPT),
      rotate: () => undefined,
      close: () => Promise.resolve(NOTHING_KEPT),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  }
}

/** Journal and forwarding as one: what they count together, and the order in which they end. */
function lifecycle(journal: Journal, forwarding: SlotForwarding | undefined): Lifecycle {
  let closing: Promise<LoggerStats> | undefined
  const stats = (): LoggerStats => readStats(journal, forwarding)
  const flush = async (timeout: number): Promise<void> => {
    const deadline = performance.now() + timeout
    await journal.flush(Math.max(timeout, DISK_TIMEOUT))
    await forwarding?.flush(journal.end.ordinal, Math.max(0, deadline - performance.now()))
  }
  const close = async (timeout: number): Promise<LoggerStats> => {
    await flush(timeout)
    await forwarding?.stop()
    // Last of all, since it gives the slot to whoever waits for it.
    await journal.close(DISK_TIMEOUT)
    return stats()
  }
  return {
    stats,
    async flush({ timeout = END_TIMEOUT } = {}) {
      await flush(timeout)
      return stats()
    },
    rotate: () => journal.rotate(),
    close({ timeout = END_TIMEOUT } = {}) {
      return (closing ??= close(timeout))
    },
    async [Symbol.asyncDispose]() {
      await (closing ??= close(END_TIMEOUT))
    },
  }
}

function readStats(journal: Journal, forwarding: SlotForwarding | undefined): LoggerStats {
  const { written, onDisk, lost, lostTotal, bufferedBytes, file, segments, rotations, torn, error } =
    journal.stats()
  const sent = forwarding?.forwards === true ? forwarding.stats() : { ...NOT_FORWARDED, forwarded: onDisk }
  return {
    written: written + sent.recovered,
    forwarded: sent.forwarded,
    dropped: sent.dropped,
    pending: written + sent.recovered - sent.forwarded - sent.dropped - sent.lostTotal - lostTotal,
    // No reason is common to both: what was lost before the disk never was in the journal.
    lost: { ...lost, ...sent.lost },
    recovered: sent.recovered,
    buffered: { lines: written - onDisk - lostTotal, bytes: bufferedBytes },
    journal: { file, segments, rotations, torn, error },
    kafka: sent.kafka,
    outputters: {},
  }
}

const NOT_FORWARDED = {
  recovered: 0,
  dropped: 0,
  lost: {},
  lostTotal: 0,
  kafka: {
    state: 'off',
    error: undefined,
    retries: 0,
    duplicatesPossible: 0,
    moved: 0,
    keyErrors: 0,
    rate: 0,
    delivery: 'exactly-once',
  },
} as const

const NOTHING_KEPT: LoggerStats = {
  written: 0,
  forwarded: 0,
  dropped: 0,
  pending: 0,
  lost: {},
  recovered: 0,
  buffered: { lines: 0, bytes: 0 },
  journal: { file: '', segments: 0, rotations: 0, torn: 0, error: undefined },
  kafka: NOT_FORWARDED.kafka,
  outputters: {},
}
