import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { journalDestination } from 'logflume/pino'
import pino from 'pino'
import { boundFields, fields, measure, message, type CallInput } from './calls.ts'

/** Where pino's lines go: what it calls, and what has to be done until all of them are there. */
interface Way {
  readonly stream: pino.DestinationStream
  readonly end: () => Promise<void>
}

/** All rotate at the same size; pino's own file does not rotate. */
const MEBIBYTES = 8
const rotate = { maxBytes: MEBIBYTES * 1024 * 1024 }

await measure(async (options) => {
  const { stream, end } = await open(options)
  const log = pino({ name: 'shop' }, stream).child(boundFields(options))
  return {
    log: (n) => log.info(fields(n), message),
    disabled: () => log.debug(message),
    child: (n) => log.child({ n }),
    end,
  }
})

async function open({ way, dir }: CallInput): Promise<Way> {
  const file = join(dir, 'pino.log')
  switch (way ?? '') {
    case 'ours, worker':
      return onThread('logflume/pino', { name: 'shop', dir, rotate })
    case 'ours, worker, ecs':
      return onThread('logflume/pino', { name: 'shop', dir, rotate, format: 'ecs' })
    case 'file, worker':
      return onThread('pino/file', { destination: file })
    case 'pino-roll, worker':
      return onThread('pino-roll', { file: join(dir, 'pino'), size: `${MEBIBYTES}m`, extension: '.log' })
    case 'ours':
    case 'ours, ecs': {
      const stream = journalDestination({
        name: 'shop',
        dir,
        rotate,
        format: way === 'ours' ? 'pino' : 'ecs',
      })
      return {
        stream,
        async end() {
          await stream.close()
        },
      }
    }
    default: {
      const stream = pino.destination({ dest: file, sync: way === 'file, sync', minLength: 4096 })
      return {
        stream,
        async end() {
          stream.end()
          await once(stream, 'close')
        },
      }
    }
  }
}

async function onThread(target: string, options: object): Promise<Way> {
  const stream = pino.transport<object>({ target, options }) as pino.DestinationStream &
    NodeJS.EventEmitter & {
      end(): void
    }
  await once(stream, 'ready')
  return {
    stream,
    async end() {
      // pino-roll rolls in the background, and loses lines that come while it ends.
      if (target === 'pino-roll') await delay(200)
      stream.end()
      await once(stream, 'close')
    },
  }
}
