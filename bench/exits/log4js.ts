import log4js from 'log4js'
import { join } from 'node:path'
import { fields } from './fields.ts'
import { hungSocket } from './hung-socket.ts'
import { runProgram } from './program.ts'

await runProgram(({ dir, hungPort }) => {
  log4js.configure({
    appenders: {
      file: { type: 'file', filename: join(dir, 'app.log') },
      ...(hungPort !== undefined && { hung: hungAppender(hungPort) }),
    },
    categories: {
      default: { appenders: hungPort === undefined ? ['file'] : ['file', 'hung'], level: 'info' },
    },
  })
  const log = log4js.getLogger()
  return { log: (n) => log.info(`line ${n}`, fields(n)) }
})

function hungAppender(port: number): log4js.CustomAppender {
  const socket = hungSocket(port)
  return {
    type: {
      configure: () => (event: log4js.LoggingEvent) => {
        socket.write(`${event.serialise()}\n`)
      },
    },
  }
}
