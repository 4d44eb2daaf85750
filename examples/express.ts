import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { LogflumeTransport } from 'logflume/winston'
import winston from 'winston'

// Express with winston: one more transport is all that changes.
//   npx tsx examples/express.ts [directory]
const dir = process.argv[2] ?? 'logs'

const log = winston.createLogger({ transports: [new LogflumeTransport({ name: 'shop', dir })] })
const app = express()

app.use((request, response, next) => {
  const timer = log.startTimer()
  response.on('finish', () => {
    timer.done({
      message: `${request.method} ${request.path}`,
      'http.response.status_code': response.statusCode,
    })
  })
  next()
})
app.get('/orders/:id', (request, response) => {
  log.child({ orderId: request.params.id }).info('order looked up')
  response.json({ id: request.params.id, state: 'placed' })
})

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
await (await fetch(`http://127.0.0.1:${port}/orders/17`)).json()
server.close()
server.closeAllConnections()
await once(server, 'close')
log.end()
await once(log, 'finish')

process.stdout.write(await readFile(join(dir, 'shop.log'), 'utf8'))
