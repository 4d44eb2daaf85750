import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import { journalDestination } from 'logflume/pino'

// Fastify logs with pino: its option `stream` is all that changes, its lines get ECS names on the way.
//   npx tsx examples/fastify.ts [directory]
const dir = process.argv[2] ?? 'logs'

const destination = journalDestination({ name: 'shop', dir, format: 'ecs' })
const app = Fastify({ logger: { level: 'info', stream: destination } })

app.get('/orders/:id', (request) => {
  const { id } = request.params as { id: string }
  request.log.info({ orderId: id }, 'order looked up')
  return { id, state: 'placed' }
})

const url = await app.listen({ host: '127.0.0.1', port: 0 })
await (await fetch(`${url}/orders/17`)).json()
await app.close()
await destination.close()

process.stdout.write(await readFile(join(dir, 'shop.log'), 'utf8'))
