import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLogger } from 'logflume'
import type { FromShop, ShopSettings } from './messages.ts'
import { endWith, onMessage, settings, tell } from './parent.ts'
import { answer } from './shop.ts'

// The process of the shop: a web server that logs.

const SLOW = 250 // milliseconds

const { dir, kafka } = settings() as ShopSettings
const log = createLogger({ name: 'shop', dir, level: 'debug', ...(kafka && { kafka }) })

const server = createServer((request, response) => void serve(request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
log.info('the shop is open', { port })
tell({ type: 'open', port } satisfies FromShop)
const reporting = setInterval(report, 100)

onMessage(() => void close())

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  const startedAt = performance.now()
  const requestLog = log.child({ 'request.id': headers['x-request-id'] })
  const http = requestLog.get('http')
  http.debug('request received', { method, url })

  const { status, body } = await answer(requestLog, method, url).catch((error: unknown) => {
    http.error(error, 'request failed')
    return { status: 500, body: { error: 'sorry' } }
  })

  const ms = Math.round(performance.now() - startedAt)
  if (ms > SLOW) http.warn('slow request', { method, url, status, ms })
  else http.info('request answered', { method, url, status, ms })
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  report()
}

function report(): void {
  tell({ type: 'report', stats: log.stats() } satisfies FromShop)
}

async function close(): Promise<void> {
  clearInterval(reporting)
  server.close()
  server.closeAllConnections()
  log.info('the shop is closed')
  const stats = await log.close({ timeout: 20_000 })
  endWith({ type: 'closed', stats } satisfies FromShop)
}
