import { join } from 'node:path'
import { LogflumeTransport } from 'logflume/winston'
import winston from 'winston'
import DailyRotateFile from 'winston-daily-rotate-file'
import type { CallInput } from './calls.ts'
import { measureWinston } from './winston-subject.ts'

await measureWinston(open)

function open({ way, dir }: CallInput): winston.transport {
  switch (way ?? '') {
    case 'ours':
      return new LogflumeTransport({ name: 'shop', dir, rotate: { maxBytes: 8 * 1024 * 1024 } })
    case 'daily':
      return new DailyRotateFile({ dirname: dir, filename: 'winston.%DATE%.log', createSymlink: false })
    default:
      return new winston.transports.File({ filename: join(dir, 'winston.log') })
  }
}
