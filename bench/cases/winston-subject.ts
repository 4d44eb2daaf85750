import { once } from 'node:events'
import winston from 'winston'
import { boundFields, fields, measure, message, type CallInput } from './calls.ts'

/** A winston with one transport, measured; all that differs between the cases is where its lines go. */
export async function measureWinston(open: (input: CallInput) => winston.transport): Promise<void> {
  await measure((options) => {
    const transport = open(options)
    const { combine, json, timestamp } = winston.format
    const root = winston.createLogger({
      level: 'info',
      format: combine(timestamp(), json()),
      defaultMeta: { service: 'shop', pid: process.pid },
      transports: [transport],
    })
    const log = root.child(boundFields(options))
    return {
      log: (n) => log.info(message, fields(n)),
      disabled: () => log.debug(message),
      child: (n) => log.child({ n }),
      async end() {
        // Ended while lines wait in its streams, winston 3.19 fails with 'write after end'.
        const waiting = (): number => root.writableLength + root.readableLength + transport.writableLength
        while (waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 5))
        root.end()
        await once(transport, 'finish')
      },
    }
  })
}
