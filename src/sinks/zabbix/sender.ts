import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { decodeAnswer, encodeRequest, type SenderAnswer, type SenderValue } from './protocol.ts'

export interface SenderTarget {
  readonly host: string
  readonly port: number
  readonly tls: ConnectionOptions | undefined
  /** Milliseconds from connecting to the whole answer. */
  readonly timeout: number
}

/** Sends values over a connection of their own, as the protocol has it, and gives the answer. */
export async function sendValues(
  values: readonly SenderValue[],
  { host, port, tls, timeout }: SenderTarget,
  signal: AbortSignal,
): Promise<SenderAnswer> {
  const late = AbortSignal.timeout(timeout)
  const either = AbortSignal.any([signal, late])
  either.throwIfAborted()
  const socket = tls === undefined ? connect({ host, port }) : connectTls({ ...tls, host, port })
  const abort = (): void =>
    void socket.destroy(new Error(late.aborted ? `no answer within ${timeout} ms` : 'aborted'))
  either.addEventListener('abort', abort, { once: true })
  try {
    return await exchange(socket, encodeRequest(values))
  } finally {
    either.removeEventListener('abort', abort)
    socket.destroy()
  }
}

async function exchange(socket: Socket, request: Buffer): Promise<SenderAnswer> {
  socket.write(request)
  let bytes: Buffer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk])
    const answer = decodeAnswer(bytes)
    if (answer !== undefined) return answer
  }
  throw new Error(`the connection ended after ${bytes.length} bytes of an answer`)
}
