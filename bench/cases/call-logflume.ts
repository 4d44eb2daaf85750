import { createLogger } from 'logflume'
import { boundFields, fields, measure, message } from './calls.ts'

/** Small enough to rotate some times while the lines are written. */
const SEGMENT_BYTES = 8 * 1024 * 1024

await measure((options) => {
  const root = createLogger({
    name: 'shop',
    dir: options.dir,
    rotate: { maxBytes: options.segmentBytes ?? SEGMENT_BYTES },
    retain: { compress: options.gzip === true ? 'gzip' : 'none' },
    ...(options.way === 'async' && { flush: 'async' }),
    ...(options.kafka && { kafka: options.kafka }),
  })
  const log = root.child(boundFields(options))
  return {
    log: (n) => log.info(message, fields(n)),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    async end() {
      const { pending } = await root.flush({ timeout: 60_000 })
      if (pending > 0) throw new Error(`${pending} lines are not where they were to go after 60 s`)
      void root.close()
    },
  }
})
