import { createHash } from 'node:crypto'
import { createLogger, type Logger } from 'logflume'
import { boundFields, fields, logLines, message } from './calls.ts'
import { input, say } from './report.ts'
import { shuffled } from './shuffled.ts'

export interface FillInput {
  readonly dir: string
  readonly lines: number
  readonly padding: number
}

/** Lines of one request: so many have the same id, one after the other. */
const LINES_PER_REQUEST = 4

// Writes a journal for others to forward, with numbers and ids that do not compress better than real ones.
const { dir, lines, padding } = input() as FillInput
const root = createLogger({ name: 'shop', dir })
const bound = boundFields({ padding })
let log: Logger = root
await logLines(
  (n) => {
    if (n % LINES_PER_REQUEST === 0) log = root.child({ ...bound, req: requestId(n) })
    log.info(message, fields(shuffled(n)))
  },
  0,
  lines,
)
const { pending, lost } = await root.close({ timeout: 60_000 })
say({ result: { pending, lost } })

function requestId(n: number): string {
  return createHash('sha512').update(String(n)).digest('hex').slice(0, bound.req.length)
}
