import { journalDestination } from 'logflume/pino'
import { pino } from 'pino'
import { fields } from './fields.ts'
import { forwarding } from './forwarding.ts'
import { runProgram } from './program.ts'

await runProgram((input) => {
  const { options, killWorker } = forwarding(input)
  const log = pino({}, journalDestination(options))
  return { log: (n) => log.info(fields(n), `line ${n}`), killWorker }
})
