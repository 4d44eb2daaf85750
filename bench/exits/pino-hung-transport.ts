import type { Socket } from 'node:net'
import { hungSocket } from './hung-socket.ts'

/** A transport of pino to a server that never reads. */
export default function transport({ port }: { readonly port: number }): Socket {
  return hungSocket(port)
}
