import { once } from 'node:events'
import { join } from 'node:path'
import winston from 'winston'
import { boundFields, fields, measure, message } from './calls.ts'

await measure((options) => {
  const file: winston.transport = new winston.transports.File({ filename: join(options.dir, 'winston.log') })
  const { combine, json, timestamp } = winston.format
  const root = winston.createLogger({
    level: 'info',
    format: combine(timestamp(), json()),
    defaultMeta: { service: 'shop', pid: process.pid },
    transports: [file],
  })
  const log = root.child(boundFields(options))
  return {
    log: (n) => log.info(message, fields(n)),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    async end() {
      // Ended while lines wait in its streams, winston 3.19 fails with 'write after end'.
      const waiting = (): number => root.writableLength + root.readableLength + file.writableLength
      while (waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      root.end()
      await once(file, 'finish')
    },
  }
})
