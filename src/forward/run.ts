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
  const checkpoint = startingPoint(file.load(), reader.position, openedAt, settings.topic)
  await reader.seek(checkpoint.position)
  progress.set('acknowledged', checkpoint.position.ordinal)
  // Counted once, however often a worker has to be started anew.
  if (progress.get('recovered') < 0) progress.set('recovered', openedAt.ordinal - checkpoint.position.ordinal)

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
  await forwarder.run()
  port.close()
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

/** The checkpoint as found, or mended where it does not fit the journal (or the options) any more. */
export function startingPoint(
  found: Checkpoint | undefined,
  earliest: Position,
  end: Position,
  topic: string,
): Checkpoint {
  if (found === undefined) return fresh(randomUUID(), topic, earliest)
  // Ahead of the journal: a power cut took lines that Kafka has. Their ordinals are used again, so begin
  // where the journal ends now.
  if (found.position.ordinal > end.ordinal) return fresh(found.journal, topic, end)
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
