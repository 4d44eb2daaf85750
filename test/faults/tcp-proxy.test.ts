import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TcpProxy } from './tcp-proxy.ts'

/** A server that answers with what it is sent, what it has heard, and a client on the other side of a proxy. */
async function throughProxy(t: TestContext) {
  const heard: string[] = []
  const accepted: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      heard.push(String(bytes))
      socket.write(bytes)
    })
    socket.on('end', () => socket.end('bye'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port)
  t.after(async () => {
    await proxy.close()
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  const client = async (): Promise<Socket> => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { proxy, server, heard, client }
}

async function answer(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return String(bytes)
}

async function ask(socket: Socket, question: string): Promise<string> {
  const answered = answer(socket)
  socket.write(question)
  return answered
}

test('carries both ways, and ends in halves', async (t) => {
  const { client } = await throughProxy(t)
  const socket = await client()
  assert.equal(await ask(socket, 'a'), 'a')
  const last = answer(socket)
  socket.end()
  assert.equal(await last, 'bye')
  await once(socket, 'end')
})

test('carries more than sockets hold, each byte once, in order', async (t) => {
  const { client } = await throughProxy(t)
  const socket = await client()
  const sent = Buffer.alloc(8 * 1024 ** 2, Buffer.from(Array.from({ length: 251 }, (_, byte) => byte)))
  const received: Buffer[] = []
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  socket.end(sent)
  await once(socket, 'end')
  assert.ok(Buffer.concat(received).equals(Buffer.concat([sent, Buffer.from('bye')])))
})

test('cuts with a reset, and takes new connections', async (t) => {
  const { proxy, client } = await throughProxy(t)
  const socket = await client()
  assert.equal(await ask(socket, 'a'), 'a')
  const lost = once(socket, 'error')
  proxy.cut()
  const [error] = (await lost) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
  assert.equal(await ask(await client(), 'b'), 'b')
  assert.equal(proxy.connections, 1)
})

test('delays each way until it is healed', async (t) => {
  const { proxy, client } = await throughProxy(t)
  const socket = await client()
  assert.equal(await ask(socket, 'a'), 'a')
  proxy.delay(60)
  const before = performance.now()
  assert.equal(await ask(socket, 'b'), 'b')
  assert.ok(performance.now() - before >= 118, 'there and back')
  proxy.heal()
  assert.equal(await ask(socket, 'c'), 'c')
})

test('holds back everything while it stalls, of old and new connections, and nothing is missing after', async (t) => {
  const { proxy, heard, client } = await throughProxy(t)
  const socket = await client()
  assert.equal(await ask(socket, 'a'), 'a')
  proxy.stall()
  const other = await client()
  const answers = [ask(socket, 'b'), ask(other, 'c')]
  assert.equal(await Promise.race([sleep(50, 'silence'), ...answers]), 'silence')
  assert.deepEqual(heard, ['a'])
  proxy.heal()
  assert.deepEqual(await Promise.all(answers), ['b', 'c'])
})

test('takes a request through and loses the answer; healed, it cuts the connection that lacks it', async (t) => {
  const { proxy, heard, client } = await throughProxy(t)
  const [socket, idle] = [await client(), await client()]
  assert.equal(await ask(idle, 'a'), 'a')
  proxy.loseAnswers()
  const answered = ask(socket, 'b').catch((error: unknown) => (error as NodeJS.ErrnoException).code)
  while (proxy.lackingBytes === 0) await sleep(1)
  assert.ok(heard.includes('b'))
  proxy.heal()
  assert.equal(await answered, 'ECONNRESET')
  assert.equal(await ask(idle, 'c'), 'c')
})

test('half closed, the client hears the end, and what it sends still arrives', async (t) => {
  const { proxy, heard, client } = await throughProxy(t)
  const socket = await client()
  assert.equal(await ask(socket, 'a'), 'a')
  const end = once(socket.resume(), 'end')
  proxy.halfClose()
  await end
  socket.write('b')
  while (!heard.includes('b')) await sleep(1)
})

test('ends the client where nobody listens behind it', async (t) => {
  const { server, client } = await throughProxy(t)
  server.close()
  await once(server, 'close')
  const [error] = (await once(await client(), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})
