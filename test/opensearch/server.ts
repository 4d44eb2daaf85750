import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { mavenJars, type Bundle } from '../kafka/jars.ts'
import { freePort } from '../kafka/ports.ts'
import { findJava } from '../kafka/toolchain.ts'
import { ServerProcess } from '../server-process.ts'

const VERSION = '2.19.1'
const OPENSEARCH: Bundle = {
  name: `opensearch-${VERSION}`,
  title: `OpenSearch ${VERSION}`,
  megabytes: 46,
  artifacts: [
    `org.opensearch:opensearch:${VERSION}`,
    `org.opensearch.plugin:transport-netty4-client:${VERSION}`,
    'org.apache.logging.log4j:log4j-core:2.21.0', // optional there, but it does not start without
  ],
}
const MAIN = fileURLToPath(new URL('Main.java', import.meta.url))

export interface SearchServer {
  readonly url: string
  readonly process: ServerProcess
  stop(): Promise<void>
}

/** A real OpenSearch of one node on 127.0.0.1, its data in a temporary folder. It ends with this process. */
async function startOpenSearch(): Promise<SearchServer> {
  const [java, jars, port] = await Promise.all([findJava(), mavenJars(OPENSEARCH), freePort()])
  const folder = await mkdtemp(join(tmpdir(), 'logflume-opensearch-'))
  const flags = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const server = new ServerProcess({
    name: OPENSEARCH.title,
    folder,
    command: [java, ...flags, '-cp', join(jars, '*'), MAIN, String(port), folder],
  })
  const stop = async (): Promise<void> => {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await server.start()
    await server.ready(() => isHealthy(url), 180_000)
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { url, process: server, stop }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`)).ok
  } catch {
    return false
  }
}

let own: Promise<SearchServer> | undefined

// Here and not in useOpenSearch(): called inside a test, `after` would stop it at the end of that test.
after(async () => {
  const server = await own?.catch(() => undefined)
  await server?.stop()
})

/** One for this process, started at the first call and stopped after its last test. */
export function useOpenSearch(): Promise<SearchServer> {
  return (own ??= startOpenSearch())
}
