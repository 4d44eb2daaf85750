import { randomUUID } from 'node:crypto'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { checkpointFile } from '../journal/directory.ts'
import { JournalReader } from '../journal/reader.ts'
import { connectKafkajs } from '../kafka/kafkajs.ts'
import { compressBatch, encodeBatch } from '../kafka/record-batch.ts'
import type { Position } from '../record.ts'
import { CheckpointFile, type Checkpoint } from './checkpoint.ts'
import { Forwarder } from './forwarder.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { Progress } from './progress.ts'

/** Milliseconds between signs of life. */
const BEAT_EVERY = 1_000

/** What the worker thread does: puts journal, checkpoint, forwarder and Kafka together, and runs them. */
export async function runWorker(): Promise<void> {
  if (parentPort === null) return
  const port = parentPort
  const say = (message: FromWorker): void => port.postMessage(message)
  const { shared, journal, openedAt, settings } = workerData as WorkerData
  const progress = new Progress(shared)
  const { dir, name, slot } = journal

  const file = new CheckpointFile(checkpointFile(dir, name, slot))
  const reader = await JournalReader.open({ dir, name, slot, newest: () => progress.get('newestSegment') })
  const isFirst = progress.get('recovered') < 0
  const checkpoint = startingPoint(
    file.load(),
    reader.position,
    isFirst ? openedAt : undefined,
    settings.topic,
  )
  await reader.seek(checkpoint.position)
  if (isFirst) {
    progress.set('acknowledged', checkpoint.position.ordinal)
    progress.set('recovered', openedAt.ordinal - checkpoint.position.ordinal)
  }

  const forwarder = new Forwarder({
    settings,
    reader,
    checkpoint,
    checkpointFile: file,
    connect: () => connectKafkajs(settings.kafka),
    encode: (lines, header) => {
      const batch = encodeBatch(lines, header)
      return settings.compression === 'gzip' ? compressBatch(batch) : batch
    },
    progress,
    diagnose: (diagnostic) => say({ type: 'diagnostic', diagnostic }),
    onState: (state, error) => say({ type: 'state', state, error }),
  })
  listen(port, forwarder, say)
  const beating = setInterval(() => progress.add('beats', 1), BEAT_EVERY)
  try {
    await forwarder.run()
  } finally {
    clearInterval(beating)
    port.close()
  }
}

function listen(port: MessagePort, forwarder: Forwarder, say: (message: FromWorker) => void): void {
  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'flush':
        void forwarder.reached(message.ordinal).then(() => say({ type: 'flushed', id: message.id }))
        break
      case 'stop':
        forwarder.stop()
        break
    }
  })
}

/**
 * The checkpoint as found, or mended where it does not fit the journal (or the options) any more. `end` is
 * where the journal ended when its process opened it; for a worker that follows on another one, the
 * checkpoint has rightly moved past that.
 */
export function startingPoint(
  found: Checkpoint | undefined,
  earliest: Position,
  end: Position | undefined,
  topic: string,
): Checkpoint {
  if (found === undefined) return fresh(randomUUID(), topic, earliest)
  // Ahead of the journal: a power cut took lines that Kafka has. Their ordinals are used again, so begin
  // where the journal ends now.
  if (end !== undefined && found.position.ordinal > end.ordinal) return fresh(found.journal, topic, end)
  if (found.topic !== topic) return fresh(found.journal, topic, found.position)
  return found
}

function fresh(journal: string, topic: string, position: Position): Checkpoint {
  return {
    version: 1,
    journal,
    topic,
    partition: undefined,
    producer: undefined,
    sequence: 0,
    position,
    inFlight: [],
  }
}
