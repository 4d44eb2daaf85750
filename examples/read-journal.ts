import { createLogger } from 'logflume'
import { listJournals, readJournal } from 'logflume/journal'

// Reads the lines back, a few at first, and goes on later where that stopped.
//   npx tsx examples/read-journal.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = createLogger({ name: 'shop', dir })
for (let orderId = 1; orderId <= 5; orderId++) log.info('order placed', { orderId })
await log.close()

for (const { name, slots } of await listJournals(dir))
  for (const { slot, segments } of slots) console.log(`${name}, slot ${slot}: ${segments.length} segment`)

const reading = readJournal({ dir, name: 'shop' })
for await (const { line, ordinal } of reading) {
  console.log(ordinal, (JSON.parse(line) as { orderId: number }).orderId)
  if (ordinal === 1) break
}

// Positions are plain objects: they can be kept in a file meanwhile. `follow: true` would wait for more lines.
const kept = JSON.stringify(reading.positions)
const rest = readJournal({ dir, name: 'shop', from: JSON.parse(kept) as typeof reading.positions })
for await (const { lines, missing } of rest.blocks()) console.log(`${lines} more, ${missing} missing`)
