import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

/**
 * A free port of 127.0.0.1 below the ones that systems hand to outgoing connections (Linux from 32768,
 * others from 49152). A broker comes back on its port after a kill, and must not find there a client that
 * happened to connect from it, or one that, trying to reconnect, met itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 1; attempt <= 100; attempt++) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
  throw new Error('None of 100 random ports from 20000 to 31999 was free')
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Whether somebody takes connections at this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
