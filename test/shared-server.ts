import { after } from 'node:test'

interface Server {
  stop(): Promise<void>
}

/**
 * Gives one server to all tests of this process: started at the first call, stopped after the last test. To be
 * called outside of tests, since `after` within one would stop the server at the end of that one.
 */
export function shared<S extends Server>(start: () => Promise<S>): () => Promise<S> {
  let own: Promise<S> | undefined
  after(async () => {
    const server = await own?.catch(() => undefined)
    await server?.stop()
  })
  return () => (own ??= start())
}
