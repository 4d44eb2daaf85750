import { claimSlotNumber } from '../journal/lock.ts'
import { JournalReader, listSlots } from '../journal/reader.ts'
import { Consumer } from './consumer.ts'
import { JournalSource } from './journal-source.ts'
import { KafkaSource } from './kafka-source.ts'
import { readConsumerOptions, type ConsumerOptions } from './options.ts'

/**
 * A consumer of Kafka topics, or of the journals in a directory, that hands each record through the
 * transforms to every sink, at least once and in the order of its partition.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const settings = readConsumerOptions(options)
  const { from } = settings
  const source =
    'dir' in from
      ? new JournalSource(from, { listSlots, open: (reader) => JournalReader.open(reader), claimSlotNumber })
      : new KafkaSource(from)
  return new Consumer(settings, source)
}
