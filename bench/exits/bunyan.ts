import bunyan from 'bunyan'
import { join } from 'node:path'
import { fields } from './fields.ts'
import { hungSocket } from './hung-socket.ts'
import { runProgram } from './program.ts'

await runProgram(({ dir, hungPort }) => {
  const streams: bunyan.Stream[] = [{ path: join(dir, 'app.log') }]
  if (hungPort !== undefined) streams.push({ stream: hungSocket(hungPort) })
  const log = bunyan.createLogger({ name: 'app', streams })
  return { log: (n) => log.info(fields(n), `line ${n}`) }
})
