import { connect, type Socket } from 'node:net'

/** A real connection, whose other end takes it and never reads. */
export function hungSocket(port: number): Socket {
  return connect(port, '127.0.0.1')
}
