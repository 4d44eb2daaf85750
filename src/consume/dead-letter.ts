import type { Fields } from '../record.ts'
import type { ConsumedRecord } from './record.ts'
import type { DeadRecord } from './transform.ts'

/**
 * What a dead record looks like in the dead letter sink: the cause as `error.*`, its place, and the text as
 * it came in `event.original`. It keeps the time, the service and the logger that it names, so that
 * sinks file it beside its kind.
 */
export function deadLetter({ record, reason, error }: DeadRecord): ConsumedRecord {
  const { topic, partition, offset } = record.place
  const letter: Fields = {
    '@timestamp': new Date(record.timestamp).toISOString(),
    'log.level': 'error',
    'log.logger': record.get('log.logger'),
    'service.name': record.get('service.name'),
    message: `${reason}: ${error.message}`,
    'error.type': error.name,
    'error.message': error.message,
    'error.stack_trace': error.stack,
    'event.reason': reason,
    'event.original': record.text,
    'kafka.topic': topic,
    'kafka.partition': partition,
    'kafka.offset': offset,
  }
  return record.with(letter)
}
