import { ClusterPort } from './cluster-port.ts'
import { KafkajsClient } from './kafkajs-client.ts'
import { kafkajsInternals } from './kafkajs-internals.ts'
import type { KafkajsLogger } from './kafkajs-internals.ts'
import type { KafkaOptions, KafkaPort } from './port.ts'

/** In kafkajs' numbers; what is left out is one line a request. */
const INFO = 4

export type KafkaLogLevel = 'error' | 'warn' | 'info' | 'debug'
export type KafkaLog = (
  level: KafkaLogLevel,
  message: string,
  extra: Readonly<Record<string, unknown>>,
) => void

/**
 * A port over kafkajs' connections.
 *
 * @param log takes what kafkajs has to say; dropped by default.
 */
export function connectKafkajs(options: KafkaOptions, log?: KafkaLog): KafkaPort {
  const logger = kafkajsLogger((level, message, extra) => {
    if (!port.isClosed) log?.(level, message, extra)
  })
  const port = new ClusterPort(options, (address, lost) => new KafkajsClient(address, lost, options, logger))
  return port
}

function kafkajsLogger(log: KafkaLog): KafkajsLogger {
  const { createLogger } = kafkajsInternals()
  return createLogger({
    level: INFO,
    logCreator:
      () =>
      ({ label, log: { message, ...extra } }) =>
        log(label.toLowerCase() as Lowercase<typeof label>, message, extra),
  })
}
