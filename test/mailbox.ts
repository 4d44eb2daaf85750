import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

export interface Mailbox {
  readonly url: string
  /** As they came, headers and text. */
  readonly mails: readonly string[]
}

/** A mail server (RFC 5321) that takes everything. */
export async function startMailbox(t: TestContext): Promise<Mailbox> {
  const mails: string[] = []
  const server = createServer((socket) => void receive(socket, mails))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, mails }
}

async function receive(socket: Socket, mails: string[]): Promise<void> {
  socket.on('error', () => undefined) // a client that is in a hurry
  const answer = (text: string): unknown => socket.write(`${text}\r\n`)
  let mail: string | undefined
  answer('220 mailbox')
  for await (const line of createInterface(socket)) {
    if (mail !== undefined) {
      if (line !== '.') mail += `${line}\r\n`
      else {
        mails.push(mail)
        mail = undefined
        answer('250 kept')
      }
    } else if (line === 'DATA') {
      mail = ''
      answer('354 go on')
    } else if (line === 'QUIT') {
      socket.end('221 bye\r\n')
    } else {
      answer('250 ok')
    }
  }
}
