import { once } from 'node:events'
import { join } from 'node:path'
import { destination, pino, transport } from 'pino'
import { boundFields, fields, measure, message, type CallInput } from './calls.ts'

await measure(async (options) => {
  const stream = open(options)
  if (options.way === 'worker' || options.way === 'roll') await once(stream, 'ready')
  const log = pino({ name: 'shop' }, stream).child(boundFields(options))
  return {
    log: (n) => log.info(fields(n), message),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    async end() {
      stream.end()
      await once(stream, 'close')
    },
  }
})

function open({ way, dir, segmentBytes = 0 }: CallInput) {
  const file = join(dir, 'pino.log')
  if (way === 'worker') return transport({ target: 'pino/file', options: { destination: file } })
  // Its sizes are in kilobytes of 1024.
  const size = `${Math.round(segmentBytes / 1024)}k`
  if (way === 'roll') return transport({ target: 'pino-roll', options: { file, size } })
  // 4 KiB: what pino's own page on asynchronous logging shows.
  return way === 'async'
    ? destination({ dest: file, sync: false, minLength: 4096 })
    : destination({ dest: file, sync: true })
}
