import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { claimAbandoned, type AbandonedJournal } from '../journal/abandoned.ts'
import { checkpointFile } from '../journal/directory.ts'
import { JournalReader } from '../journal/reader.ts'
import { parseSegments } from '../journal/segment.ts'
import { connectKafkajs } from '../kafka/kafkajs.ts'
import { compressBatch, encodeBatch } from '../kafka/record-batch.ts'
import type { Position } from '../record.ts'
import { AdoptedLedger, Adoption } from './adoption.ts'
import { CheckpointFile, type Checkpoint } from './checkpoint.ts'
import { Forwarder, type ForwarderParts } from './forwarder.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { Progress } from './progress.ts'
import { startingPoint } from './starting-point.ts'

/** Milliseconds between signs of life. */
const BEAT_EVERY = 1_000

/** What the worker thread does: puts journal, checkpoint, forwarder and Kafka together, and runs them. */
export async function runWorker(): Promise<void> {
  if (parentPort === null) return
  const worker = new ForwardingWorker(parentPort, workerData as WorkerData)
  try {
    await worker.run()
  } finally {
    parentPort.close()
  }
}

class ForwardingWorker {
  readonly #port: MessagePort
  readonly #data: WorkerData
  readonly #progress: Progress

  constructor(port: MessagePort, data: WorkerData) {
    this.#port = port
    this.#data = data
    this.#progress = new Progress(data.shared)
  }

  async run(): Promise<void> {
    const forwarder = await this.#forwardOwn()
    const adoption = this.#adoption()
    this.#port.on('message', (message: ToWorker) => {
      switch (message.type) {
        case 'flush':
          void forwarder.reached(message.ordinal).then(() => this.#say({ type: 'flushed', id: message.id }))
          break
        case 'stop':
          adoption.stop()
          forwarder.stop()
          break
      }
    })
    const beating = setInterval(() => this.#progress.add('beats', 1), BEAT_EVERY)
    const adopting = adoption.run()
    try {
      await forwarder.run()
    } finally {
      clearInterval(beating)
      adoption.stop()
      await adopting
    }
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message)
  }

  async #forwardOwn(): Promise<Forwarder> {
    const { journal, openedAt } = this.#data
    const progress = this.#progress
    const { slot } = journal
    const reader = await JournalReader.open({ ...journal, newest: () => progress.get('newestSegment') })
    // Where the journal ended when its process opened it says nothing to a worker that follows on another.
    const isFirst = progress.get('recovered') < 0
    const parts = this.#parts(slot, reader, isFirst ? openedAt : undefined)
    const { ordinal } = parts.checkpoint.position
    if (isFirst) {
      progress.acknowledged = ordinal
      progress.set('recovered', openedAt.ordinal - ordinal)
    }
    await reader.seek(parts.checkpoint.position)
    const onState: ForwarderParts['onState'] = (state, error) => this.#say({ type: 'state', state, error })
    return new Forwarder({ ...parts, ledger: progress, onState })
  }

  #adoption(): Adoption {
    const { dir, name, slot } = this.#data.journal
    return new Adoption({
      dir,
      slot,
      segments: (files) => parseSegments(name, files),
      checkpoint: (other) => this.#checkpoint(other),
      claim: (other) => claimAbandoned(dir, name, other),
      forward: (journal, signal) => this.#forwardAbandoned(journal, signal),
      diagnose: this.#diagnose,
    })
  }

  async #forwardAbandoned({ slot, end }: AbandonedJournal, signal: AbortSignal): Promise<void> {
    const { dir, name } = this.#data.journal
    const reader = await JournalReader.open({ dir, name, slot })
    const parts = this.#parts(slot, reader, end)
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
    slot: number,
    reader: JournalReader,
    end: Position | undefined,
  ): Omit<ForwarderParts, 'ledger' | 'onState'> {
    const { journal, settings } = this.#data
    return {
      settings,
      reader,
      checkpoint: startingPoint(this.#checkpoint(slot), reader.position, end, settings.topic),
      checkpointFile: new CheckpointFile(checkpointFile(journal.dir, journal.name, slot)),
      connect: () => connectKafkajs(settings.kafka),
      encode: (lines, header) => {
        const batch = encodeBatch(lines, header)
        return settings.compression === 'gzip' ? compressBatch(batch) : batch
      },
      diagnose: this.#diagnose,
    }
  }

  #checkpoint(slot: number): Checkpoint | undefined {
    const { dir, name } = this.#data.journal
    return new CheckpointFile(checkpointFile(dir, name, slot)).load()
  }

  readonly #diagnose: ForwarderParts['diagnose'] = (diagnostic) =>
    this.#say({ type: 'diagnostic', diagnostic })
}
