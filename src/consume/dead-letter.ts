import type { Fields } from '../record.ts'
import { LogflumeError } from '../errors.ts'
import type { Decide, Decision } from './options.ts'
import type { ConsumedRecord, RecordHeaders } from './record.ts'
import type { DeadRecord } from './transform.ts'

/**
 * What a dead record looks like in the dead letter sink: the cause as `error.*`, its place, and the text as
 * it came in `event.original`. Cause and place are in its headers as well. It keeps the time, the service and the logger that it names, so that
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
  return record.with(letter, headersOf(record, reason, error))
}

/** Named as by Kafka Connect, so that what reads its dead letters reads these. */
function headersOf({ place, key, timestamp }: ConsumedRecord, reason: string, error: Error): RecordHeaders {
  return {
    '__connect.errors.topic': place.topic,
    '__connect.errors.partition': String(place.partition),
    '__connect.errors.offset': place.offset,
    '__connect.errors.stage': reason,
    '__connect.errors.exception.class.name': error.name,
    '__connect.errors.exception.message': error.message,
    '__connect.errors.exception.stacktrace': error.stack ?? '',
    '__connect.errors.record.timestamp': String(timestamp),
    ...(key !== null && { '__connect.errors.record.key': key }),
  }
}

/** Asks the user about a record that is about to die. */
export function decide(ask: Decide, { record, reason, error }: DeadRecord): Decision | undefined {
  return ask(new LogflumeError('SINK', `${reason}: ${error.message}`, { cause: error }), record)
}
