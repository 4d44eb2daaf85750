import { join } from 'node:path'
import winston from 'winston'
import TransportStream from 'winston-transport'
import { fields } from './fields.ts'
import { hungSocket } from './hung-socket.ts'
import { runProgram } from './program.ts'

/** Calls back when its server has answered, as this one never does. */
class HungTransport extends TransportStream {
  readonly #socket

  constructor(port: number) {
    super()
    this.#socket = hungSocket(port)
  }

  override log(info: object, callback: () => void): void {
    this.#socket.write(`${JSON.stringify(info)}\n`)
    this.#socket.once('data', () => callback())
  }
}

await runProgram(({ dir, hungPort }) => {
  const transports: winston.transport[] = [new winston.transports.File({ filename: join(dir, 'app.log') })]
  if (hungPort !== undefined) transports.push(new HungTransport(hungPort))
  const log = winston.createLogger({ transports })
  return { log: (n) => log.info(`line ${n}`, fields(n)) }
})
