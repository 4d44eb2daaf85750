import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { cachedFolder, type CachedFolder } from '../cache.ts'
import { findMaven } from './toolchain.ts'

/** The newest whose parts are all on Maven Central: 4.4.0 wants a kafka-tools-api that is not there. */
export const KAFKA_VERSION = '4.3.1'
/** Kafka logs through slf4j 1.7 and brings nothing to write its log with. */
const LOG4J_VERSION = '2.24.3'
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

export interface JarOptions extends Pick<CachedFolder, 'cache' | 'tell'> {
  /** Puts all jars into an empty folder. @default by Maven */
  readonly fetch?: (folder: string) => Promise<void>
}

/** Jars that are fetched together, each with what it needs itself. */
export interface Bundle {
  /** Of its folder in the cache. */
  readonly name: string
  /** With the version. */
  readonly title: string
  readonly megabytes: number
  /** 'group:artifact:version' */
  readonly artifacts: readonly string[]
}

const ofKafka = (name: string, title: string, megabytes: number, artifacts: readonly string[]): Bundle => ({
  name: `${name}-${KAFKA_VERSION}-log4j-${LOG4J_VERSION}`,
  title: `${title} ${KAFKA_VERSION}`,
  megabytes,
  artifacts: [
    ...artifacts.map((artifact) => `org.apache.kafka:${artifact}:${KAFKA_VERSION}`),
    `org.apache.logging.log4j:log4j-slf4j-impl:${LOG4J_VERSION}`,
  ],
})

const KAFKA = ofKafka('kafka', 'Kafka', 50, ['kafka_2.13'])
const CONNECT = ofKafka('kafka-connect', 'Kafka Connect', 60, [
  'connect-runtime',
  'connect-file',
  'connect-json',
])

/** The folder with the jars of Kafka, fetched where the cache has none or a broken one. */
export function kafkaJars(options: JarOptions = {}): Promise<string> {
  return mavenJars(KAFKA, options)
}

/** The same with those of Kafka Connect and its connectors for files. */
export function connectJars(options: JarOptions = {}): Promise<string> {
  return mavenJars(CONNECT, options)
}

/** The folder with the jars of a bundle. */
export function mavenJars(bundle: Bundle, { fetch, cache, tell }: JarOptions = {}): Promise<string> {
  const { name, title, megabytes } = bundle
  return cachedFolder({
    name,
    notice: `fetching ${title} from Maven Central, about ${megabytes} MB, once`,
    fetch: async (folder) => {
      await (fetch ?? ((fresh) => fetchWithMaven(bundle, fresh)))(folder)
      const files = await readdir(folder)
      if (!files.some((file) => file.endsWith('.jar')))
        throw new Error(`Fetching ${title} brought no jars into ${folder}`)
    },
    cache,
    tell,
  })
}

async function fetchWithMaven({ title, artifacts }: Bundle, folder: string): Promise<void> {
  const maven = await findMaven()
  const pom = join(folder, 'pom.xml')
  await writeFile(pom, pomOf(artifacts))
  const goal = `${DEPENDENCY_PLUGIN}:copy-dependencies`
  const quiet = ['-B', '-q', '-Dstyle.color=never']
  const args = [...quiet, '-f', pom, goal, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  await promisify(execFile)(maven, args, { timeout: 600_000 }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const said = stripVTControlCharacters(stdout + stderr)
      .trim()
      .split('\n')
      .slice(0, 5)
      .join('\n')
    throw new Error(`Maven could not fetch ${title}:\n${said}`, { cause: error })
  })
}

function pomOf(artifacts: readonly string[]): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>logflume</groupId>
  <artifactId>for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${artifacts.map(dependency).join('\n')}
  </dependencies>
</project>
`
}

function dependency(artifact: string): string {
  const [group = '', name = '', version = ''] = artifact.split(':')
  return `    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${name}</artifactId>
      <version>${version}</version>
    </dependency>`
}
