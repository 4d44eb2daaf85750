import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mavenJars, type Bundle } from '../kafka/jars.ts'
import { freePort } from '../kafka/ports.ts'
import { findJava } from '../kafka/toolchain.ts'
import { ServerProcess } from '../server-process.ts'

export interface Product extends Bundle {
  /** Its Java package. */
  readonly group: string
}

function product(title: string, version: string, log4j: string): Product {
  const name = title.toLowerCase()
  const group = `org.${name}`
  const artifacts = [
    `${group}:${name}:${version}`,
    `${group}.plugin:transport-netty4-client:${version}`,
    `org.apache.logging.log4j:log4j-core:${log4j}`, // optional there, but it does not start without
  ]
  return { name: `${name}-${version}`, title: `${title} ${version}`, megabytes: 46, group, artifacts }
}

export const OPENSEARCH = product('OpenSearch', '2.19.1', '2.21.0')
/** The last whose parts are on Maven Central; it has no data streams, which are a module of its own. */
export const ELASTICSEARCH = product('Elasticsearch', '7.17.29', '2.17.1')
const MAIN = new URL('Main.java', import.meta.url)

export interface SearchServer {
  readonly url: string
  readonly process: ServerProcess
  stop(): Promise<void>
}

/** A real server of one node on 127.0.0.1, its data in a temporary folder. It ends with this process. */
export async function startSearch(product: Product): Promise<SearchServer> {
  const [java, jars, port] = await Promise.all([findJava(), mavenJars(product), freePort()])
  const folder = await mkdtemp(join(tmpdir(), 'logflume-search-'))
  // The one came from the other: what differs is the name.
  const main = join(folder, 'Main.java')
  await writeFile(main, (await readFile(MAIN, 'utf8')).replaceAll(OPENSEARCH.group, product.group))
  const flags = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const server = new ServerProcess({
    name: product.title,
    folder,
    command: [java, ...flags, '-cp', join(jars, '*'), main, String(port), folder],
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
