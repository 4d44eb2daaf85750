import { parentPort, workerData } from 'node:worker_threads'
import type { Dialect } from './foreign-lines.ts'

/** Milliseconds that a transport waits for pino's configuration: one that no logger writes to gets none. */
const PATIENCE = 1_000

/** What of pino's message tells its levels and names; undefined for any other message. */
export function readPinoConfig(message: unknown): Partial<Dialect> | undefined {
  if (!isObject(message) || message.code !== 'PINO_CONFIG' || !isObject(message.config)) return undefined
  const { levels, messageKey, errorKey } = message.config
  const labels = isObject(levels) && isObject(levels.labels) ? levels.labels : {}
  return {
    levels: Object.fromEntries(Object.entries(labels).map(([rank, name]) => [rank, String(name)])),
    ...(typeof messageKey === 'string' && { messageKey }),
    ...(typeof errorKey === 'string' && { errorKey }),
  }
}

/**
 * Hears pino's configuration where this is a thread of pino's that gets one. pino posts it before it writes a
 * line; resolves when it is there, or nobody seems to send it. A later one is still told.
 */
export function hearPinoConfig(tell: (config: Partial<Dialect>) => void): Promise<void> {
  const data: unknown = workerData
  const sent = isObject(data) && isObject(data.workerData) && data.workerData.pinoWillSendConfig === true
  const port = parentPort
  if (!sent || port === null) return Promise.resolve()
  return new Promise((resolve) => {
    const tooLong = setTimeout(resolve, PATIENCE)
    port.on('message', function hear(message: unknown) {
      const config = readPinoConfig(message)
      if (config === undefined) return
      port.off('message', hear)
      clearTimeout(tooLong)
      tell(config)
      resolve()
    })
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
