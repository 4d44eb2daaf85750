import { createLogger } from 'logflume'
import { boundFields, fields, logLines, message } from './calls.ts'
import { input, say } from './report.ts'

export interface FillBacklogInput {
  readonly dir: string
  readonly lines: number
  readonly padding: number
}

// Writes a journal that is larger than any would be kept by default, each line with its number.
const { dir, lines, padding } = input() as FillBacklogInput
const root = createLogger({ name: 'shop', dir, retain: { bytes: Number.MAX_SAFE_INTEGER } })
const shop = root.child(boundFields({ padding }))
await logLines((n) => shop.info(message, { ...fields(n), n }), 0, lines)
const { forwarded } = await root.close({ timeout: 60_000 })
if (forwarded !== lines) throw new Error(`${forwarded} of ${lines} lines are on disk`)
say({ result: {} })
