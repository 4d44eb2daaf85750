import { createLogger } from 'logflume'
import { fields } from './fields.ts'
import { forwarding } from './forwarding.ts'
import { runProgram } from './program.ts'

await runProgram((input) => {
  const { options, killWorker } = forwarding(input)
  const log = createLogger(options)
  return { log: (n) => log.info(`line ${n}`, fields(n)), killWorker }
})
