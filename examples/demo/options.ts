import { parseArgs } from 'node:util'
import { wrap } from './screen.ts'

const HELP = `npm start [-- options]    a shop logs, is killed, and goes on

  --seconds number   how long customers come, 3 to 600 (default 20)
  --no-kafka         the consumer reads the shop's journal on disk
  --help

Kafka is the one of KAFKA_BROKERS=host:port,... or else one that is started
for the demo, which takes Java 17 and Maven; without these there is none.`

export interface DemoOptions {
  readonly seconds: number
  readonly kafka: boolean
}

/** Prints help, or what is wrong, where there is nothing to be done. */
export function optionsOrExit(args: readonly string[]): DemoOptions {
  try {
    const options = readOptions(args)
    if (options !== 'help') return options
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${wrap(error.message)}\n\n${HELP}`)
    process.exit(2)
  }
  console.log(HELP)
  process.exit(0)
}

function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '20' },
      'no-kafka': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const seconds = Number(values.seconds)
  if (!(seconds >= 3 && seconds <= 600))
    throw new TypeError(`--seconds: expected a number from 3 to 600, got '${values.seconds}'`)
  return { seconds, kafka: !values['no-kafka'] }
}
