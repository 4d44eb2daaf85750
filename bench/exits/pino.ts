import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { destination, multistream, pino, transport, type TransportTargetOptions } from 'pino'
import { fields } from './fields.ts'
import { hungSocket } from './hung-socket.ts'
import { runProgram, type ProgramInput, type Subject } from './program.ts'

type Target = TransportTargetOptions<object>

await runProgram((input) => {
  return input.way?.startsWith('worker') === true ? withWorker(input) : withoutWorker(input)
})

function withWorker({ dir, way, hungPort }: ProgramInput): Subject {
  const file: Target = { target: 'pino/file', options: { destination: join(dir, 'app.log') } }
  const hung: Target = {
    target: fileURLToPath(new URL('pino-hung-transport.js', import.meta.url)),
    options: { port: hungPort },
  }
  const both = way === 'worker' ? [file, hung] : [hung]
  const stream = hungPort === undefined ? transport(file) : transport({ targets: both })
  // As pino asks for: without a listener, the death of the worker would be the app's.
  stream.on('error', () => undefined)
  const log = pino({}, stream)
  return {
    log: (n) => log.info(fields(n), `line ${n}`),
    async killWorker() {
      const closed = new Promise((resolve) => stream.once('close', resolve))
      await (stream as unknown as { worker: { terminate(): Promise<number> } }).worker.terminate()
      await closed
    },
  }
}

function withoutWorker({ dir, way, hungPort }: ProgramInput): Subject {
  const file = destination({ dest: join(dir, 'app.log'), sync: way === 'sync' })
  const log = pino(
    {},
    hungPort === undefined ? file : multistream([{ stream: file }, { stream: hungSocket(hungPort) }]),
  )
  return { log: (n) => log.info(fields(n), `line ${n}`) }
}
