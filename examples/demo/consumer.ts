import { setTimeout as delay } from 'node:timers/promises'
import { createConsumer, dailyFiles, defineSink } from 'logflume/consumer'
import type { ConsumerSettings, FromConsumer, ModuleCount, ToConsumer } from './messages.ts'
import { endWith, onMessage, settings, tell } from './parent.ts'

// The process of the consumer: lines become files by module and day, and are counted.

/** Milliseconds without a new line after which no more are waited for. */
const PATIENCE = 10_000
/** Milliseconds in which a line that comes twice has the time to come. */
const QUIET = 500

const { from, dir } = settings() as ConsumerSettings

const modules = new Map<string, ModuleCount>()
const counts = defineSink({
  name: 'counts',
  write(records) {
    for (const record of records) {
      const module = String(record.get('log.logger'))
      const { lines, errors } = modules.get(module) ?? { lines: 0, errors: 0 }
      const isError = record.get('log.level') === 'error'
      modules.set(module, { lines: lines + 1, errors: errors + Number(isError) })
    }
  },
})

const consumer = createConsumer({
  from,
  sinks: [dailyFiles({ dir, path: '{service.name}/{log.logger}.{YYYYMMDD}' }), counts],
})
const reporting = setInterval(
  () => tell({ type: 'report', stats: consumer.stats() } satisfies FromConsumer),
  100,
)
onMessage((message) => void finish((message as ToConsumer).lines))
await consumer.run()
endWith({ type: 'closed', stats: consumer.stats(), modules } satisfies FromConsumer)

/** Ends the consumer when it has all lines and nothing more comes, or when it has waited for too long. */
async function finish(lines: number): Promise<void> {
  let seen = consumer.stats().delivered
  let since = performance.now()
  while (performance.now() - since < (seen >= lines ? QUIET : PATIENCE)) {
    await delay(50)
    const { delivered } = consumer.stats()
    if (delivered !== seen) since = performance.now()
    seen = delivered
  }
  clearInterval(reporting)
  await consumer.close()
}
