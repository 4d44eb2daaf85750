import { join } from 'node:path'
import winston from 'winston'
import DailyRotateFile from 'winston-daily-rotate-file'
import type { CallInput } from './calls.ts'
import { measureWinston } from './winston-subject.ts'

await measureWinston(open)

function open({ way, dir, segmentBytes = 0, gzip = false }: CallInput): winston.transport {
  if (way !== 'daily') return new winston.transports.File({ filename: join(dir, 'winston.log') })
  return new DailyRotateFile({
    dirname: dir,
    filename: 'winston.log',
    maxSize: segmentBytes,
    zippedArchive: gzip,
  })
}
