import { once } from 'node:events'
import { join } from 'node:path'
import winston from 'winston'
import DailyRotateFile from 'winston-daily-rotate-file'
import { boundFields, fields, measure, message, type CallInput } from './calls.ts'

await measure((options) => {
  const file = open(options)
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

function open({ way, dir, segmentBytes = 0, gzip = false }: CallInput): winston.transport {
  if (way !== 'daily') return new winston.transports.File({ filename: join(dir, 'winston.log') })
  return new DailyRotateFile({
    dirname: dir,
    filename: 'winston.log',
    maxSize: segmentBytes,
    zippedArchive: gzip,
  })
}
