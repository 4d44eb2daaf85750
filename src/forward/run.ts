import { randomUUID } from 'node:crypto'
import { parentPort, type MessagePort } from 'node:worker_threads'
import { toError } from '../errors.ts'
import { claimAbandoned, type AbandonedJournal } from '../journal/abandoned.ts'
import { keepCompressing } from '../journal/compress.ts'
import { checkpointFile, refusedFile } from '../journal/directory.ts'
import { JournalReader } from '../journal/reader.ts'
import { parseSegments, type Compression } from '../journal/segment.ts'
import { codecOf } from '../kafka/codecs.ts'
import { connectKafka } from '../kafka/connect.ts'
import { partitionOf } from '../kafka/murmur2.ts'
import { compressBatch, encodeBatch, NOT_IDEMPOTENT } from '../kafka/record-batch.ts'
import { headerBlock } from '../kafka/record-headers.ts'
import type { Position } from '../record.ts'
import { AdoptedLedger, Adoption } from './adoption.ts'
import { BatchBuffers } from './batch-buffers.ts'
import { CheckpointFile, type Checkpoint } from './checkpoint.ts'
import { rulesOf, type ForwarderParts } from './forwarder-parts.ts'
import { Forwarder } from './forwarder.ts'
import { KeyPlacer } from './key-placer.ts'
import type { KeySettings } from './key.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import type { ForwardSettings } from './options.ts'
import { Progress } from './progress.ts'
import { RefusedLines } from './refused-lines.ts'
import { TopicRouter } from './router.ts'
import { startingPoint } from './starting-point.ts'

/** Milliseconds between signs of life. */
const BEAT_EVERY = 1_000
/** Beats after which a change of speed has mostly come through. */
const RATE_OVER = 4

/**
 * What the worker thread does, once it is told to begin: puts journal, checkpoint, forwarder and Kafka together,
 * and runs them; and compresses what is closed.
 */
export async function runWorker(): Promise<void> {
  const port = parentPort
  if (port === null) return
  const work = new Promise<void>((resolve, reject) => {
    // It listens itself before this returns, and so misses no message behind this one.
    port.once('message', ({ data }: Extract<ToWorker, { type: 'begin' }>) => {
      new ForwardingWorker(port, data).run().then(resolve, reject)
    })
  })
  try {
    await work
  } finally {
    port.close()
  }
}

class ForwardingWorker {
  readonly #port: MessagePort
  readonly #data: WorkerData
  readonly #progress: Progress
  readonly #stop = new AbortController()
  readonly #forwarder: Promise<Forwarder>
  /** Lines a second that come into Kafka, and the lines that had by the last beat. */
  #rate = 0
  #forwarded = 0
  #hasForwarder: (forwarder: Forwarder) => void = () => undefined

  constructor(port: MessagePort, data: WorkerData) {
    this.#port = port
    this.#data = data
    this.#progress = new Progress(data.shared)
    this.#forwarded = this.#progress.get('forwarded')
    this.#forwarder = new Promise((resolve) => (this.#hasForwarder = resolve))
  }

  async run(): Promise<void> {
    const { forward, compress } = this.#data
    const beating = setInterval(() => this.#beat(), BEAT_EVERY)
    const stopped = new Promise<void>((resolve) =>
      this.#stop.signal.addEventListener('abort', () => resolve()),
    )
    this.#port.on('message', (message: ToWorker) => this.#take(message))
    const compressing = compress && this.#compress(compress)
    try {
      await (forward === undefined ? stopped : this.#forward(forward))
    } finally {
      clearInterval(beating)
      this.#stop.abort()
      await compressing
    }
  }

  /** Lives, and tells how fast. */
  #beat(): void {
    this.#progress.add('beats', 1)
    const forwarded = this.#progress.get('forwarded')
    // The mean of a few seconds: a batch is thousands of lines at once.
    this.#rate += ((1000 * (forwarded - this.#forwarded)) / BEAT_EVERY - this.#rate) / RATE_OVER
    this.#forwarded = forwarded
    this.#progress.set('rate', Math.round(this.#rate))
  }

  #take(message: ToWorker): void {
    switch (message.type) {
      case 'begin':
        break // It has.
      case 'flush':
        // It may be asked before there is a forwarder to ask.
        void this.#forwarder
          .then((forwarder) => forwarder.reached(message.ordinal))
          .then(() => this.#say({ type: 'flushed', id: message.id }))
        break
      case 'stop':
        this.#stop.abort()
        break
    }
  }

  async #forward(settings: ForwardSettings): Promise<void> {
    const { signal } = this.#stop
    const forwarder = await this.#forwardOwn(settings)
    const adoption = this.#adoption(settings)
    this.#hasForwarder(forwarder)
    const stop = (): void => {
      adoption.stop()
      forwarder.stop()
    }
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    const adopting = adoption.run()
    try {
      await forwarder.run()
    } finally {
      adoption.stop()
      await adopting
    }
  }

  #compress(compression: Compression): Promise<void> {
    const { journal, forward } = this.#data
    return keepCompressing({
      journal,
      compression,
      newest: () => this.#progress.get('newestSegment'),
      settledBefore: () => (forward === undefined ? Infinity : this.#progress.acknowledged),
      diagnose: this.#diagnose,
      signal: this.#stop.signal,
    })
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message)
  }

  async #forwardOwn(settings: ForwardSettings): Promise<Forwarder> {
    const { journal, openedAt } = this.#data
    const progress = this.#progress
    const { slot } = journal
    const reader = await JournalReader.open({ ...journal, newest: () => progress.get('newestSegment') })
    // Where the journal ended when its process opened it says nothing to a worker that follows on another.
    const isFirst = progress.get('recovered') < 0
    const parts = this.#parts(settings, slot, reader, isFirst ? openedAt : undefined)
    const { ordinal } = parts.checkpoint.position
    if (isFirst) {
      progress.acknowledged = ordinal
      progress.set('recovered', openedAt.ordinal - ordinal)
    }
    await reader.seek(parts.checkpoint.position)
    const onState: ForwarderParts['onState'] = (state, error) => this.#say({ type: 'state', state, error })
    return new Forwarder({ ...parts, ledger: progress, onState })
  }

  #adoption(settings: ForwardSettings): Adoption {
    const { dir, name, slot } = this.#data.journal
    return new Adoption({
      dir,
      slot,
      segments: (files) => parseSegments(name, files),
      checkpoint: (other) => this.#checkpoint(other),
      claim: (other) => claimAbandoned(dir, name, other),
      forward: (journal, signal) => this.#forwardAbandoned(settings, journal, signal),
      diagnose: this.#diagnose,
    })
  }

  async #forwardAbandoned(
    settings: ForwardSettings,
    { slot, end }: AbandonedJournal,
    signal: AbortSignal,
  ): Promise<void> {
    const { dir, name } = this.#data.journal
    const reader = await JournalReader.open({ dir, name, slot })
    const parts = this.#parts(settings, slot, reader, end)
    await reader.seek(parts.checkpoint.position)
    const ledger = new AdoptedLedger(this.#progress, parts.checkpoint.position.ordinal)
    const forwarder = new Forwarder({ ...parts, ledger, onState: () => undefined })
    const stop = (): void => forwarder.stop()
    signal.addEventListener('abort', stop)
    void forwarder.reached(end.ordinal).then(stop)
    try {
      await forwarder.run()
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  #parts(
    settings: ForwardSettings,
    slot: number,
    reader: JournalReader,
    end: Position | undefined,
  ): Omit<ForwarderParts, 'ledger' | 'onState'> {
    const { journal } = this.#data
    const codec = codecOf(settings.compression)
    const headers = settings.headers && headerBlock(settings.headers)
    const router = new TopicRouter(settings.routing)
    const found = this.#checkpoint(slot)
    const id = found?.journal ?? randomUUID()
    const placer = settings.key && this.#placer(settings.key, id)
    const buffers = new BatchBuffers()
    const refused = new RefusedLines(refusedFile(journal.dir, journal.name, slot))
    const rules = rulesOf({ router, placer })
    return {
      settings,
      reader,
      router,
      placer,
      checkpoint: startingPoint(found, reader.position, end, id, rules),
      checkpointFile: new CheckpointFile(checkpointFile(journal.dir, journal.name, slot)),
      connect: () => connectKafka[settings.client](settings.kafka),
      encode: (lines, header, { records, ordinal }) => {
        const isNumbered = header.producerId >= 0n
        const batch = encodeBatch(lines, isNumbered ? header : { ...header, ...NOT_IDEMPOTENT }, {
          records,
          headers,
          ids: isNumbered ? undefined : { journal: id, ordinal },
          key: placer?.keyOf,
          allocate: (bytes) => buffers.take(bytes),
        })
        if (codec === undefined) return batch
        return compressBatch(batch, codec).finally(() => buffers.give(batch.bytes))
      },
      // Without acknowledgement nobody knows when a batch has left.
      release: settings.kafka.acks === 'none' ? undefined : (bytes) => buffers.give(bytes),
      keepRefused: (line, about) => refused.keep(line, about),
      onDelivery: (delivery) => this.#say({ type: 'delivery', delivery }),
      diagnose: this.#diagnose,
    }
  }

  #placer(settings: KeySettings, journal: string): KeyPlacer {
    let isTold = false
    return new KeyPlacer({
      settings,
      journal,
      partitionOf,
      onThrow: (thrown) => {
        this.#progress.add('keyless', 1)
        if (isTold) return
        isTold = true
        const error = toError(thrown)
        this.#diagnose({
          level: 'warn',
          message: `kafka.key threw, its lines go without a key: ${error.message}`,
          error,
        })
      },
    })
  }

  #checkpoint(slot: number): Checkpoint | undefined {
    const { dir, name } = this.#data.journal
    return new CheckpointFile(checkpointFile(dir, name, slot)).load()
  }

  readonly #diagnose: ForwarderParts['diagnose'] = (diagnostic) =>
    this.#say({ type: 'diagnostic', diagnostic })
}
