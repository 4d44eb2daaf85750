import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { findMaven } from './toolchain.ts'

/** The newest whose parts are all on Maven Central: 4.4.0 wants a kafka-tools-api that is not there. */
export const KAFKA_VERSION = '4.3.1'
/** Kafka logs through slf4j 1.7 and brings nothing to write its log with. */
const LOG4J_VERSION = '2.24.3'
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'
const MANIFEST = 'manifest.json'

export interface JarOptions {
  /** Folder that survives between runs. @default cacheFolder() */
  readonly cache?: string
  /** Puts all jars into an empty folder. @default by Maven */
  readonly fetch?: (folder: string) => Promise<void>
  /** Told once before a download. @default console.error */
  readonly tell?: (line: string) => void
}

/** Jars that are fetched together, each with what it needs itself. */
interface Bundle {
  /** Of its folder in the cache. */
  readonly name: string
  readonly title: string
  readonly megabytes: number
  /** Of `org.apache.kafka`, in the version of Kafka. */
  readonly artifacts: readonly string[]
}

const KAFKA: Bundle = { name: 'kafka', title: 'Kafka', megabytes: 50, artifacts: ['kafka_2.13'] }
const CONNECT: Bundle = {
  name: 'kafka-connect',
  title: 'Kafka Connect',
  megabytes: 60,
  artifacts: ['connect-runtime', 'connect-file', 'connect-json'],
}

/** The folder with the jars of Kafka, fetched where the cache has none or a broken one. */
export function kafkaJars(options: JarOptions = {}): Promise<string> {
  return bundleFolder(KAFKA, options)
}

/** The same with those of Kafka Connect and its connectors for files. */
export function connectJars(options: JarOptions = {}): Promise<string> {
  return bundleFolder(CONNECT, options)
}

async function bundleFolder(
  bundle: Bundle,
  {
    cache = cacheFolder(),
    fetch = (folder) => fetchWithMaven(bundle, folder),
    tell = console.error,
  }: JarOptions,
): Promise<string> {
  const folder = join(cache, `${bundle.name}-${KAFKA_VERSION}-log4j-${LOG4J_VERSION}`)
  if (await isWhole(folder)) return folder
  tell(`fetching ${bundle.title} ${KAFKA_VERSION} from Maven Central, about ${bundle.megabytes} MB, once`)
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(`${folder}.`)
  try {
    await fetch(fresh)
    await writeManifest(fresh)
    await putInPlace(fresh, folder)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return folder
}

export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.LOGFLUME_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'logflume')
}

/** Name and size of each jar. Written last: a folder with a manifest was fetched to its end. */
async function writeManifest(folder: string): Promise<void> {
  const jars = (await readdir(folder)).filter((name) => name.endsWith('.jar'))
  if (jars.length === 0) throw new Error(`Fetching Kafka ${KAFKA_VERSION} brought no jars into ${folder}`)
  const sizes: Record<string, number> = {}
  for (const jar of jars.sort()) sizes[jar] = (await stat(join(folder, jar))).size
  await writeFile(join(folder, MANIFEST), JSON.stringify(sizes, null, 2))
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Record<string, number>
    const same = Object.entries(sizes).map(
      async ([jar, size]) => (await stat(join(folder, jar))).size === size,
    )
    return (await Promise.all(same)).every(Boolean)
  } catch {
    return false
  }
}

/** By rename, so that nobody ever sees half a folder; of two that fetched at once, the first one's stays. */
async function putInPlace(fresh: string, folder: string): Promise<void> {
  if (!(await isWhole(folder))) {
    const broken = `${fresh}.broken`
    await rename(folder, broken).catch(() => undefined) // nothing there: nothing to move away
    await rm(broken, { recursive: true, force: true })
  }
  await rename(fresh, folder).catch(async (error: unknown) => {
    if (!(await isWhole(folder))) throw error
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
    throw new Error(`Maven could not fetch ${title} ${KAFKA_VERSION}:\n${said}`, { cause: error })
  })
}

function pomOf(artifacts: readonly string[]): string {
  const dependencies = [
    ...artifacts.map((artifact) => dependency('org.apache.kafka', artifact, KAFKA_VERSION)),
    dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION),
  ]
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>logflume</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}

function dependency(group: string, artifact: string, version: string): string {
  return `    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${artifact}</artifactId>
      <version>${version}</version>
    </dependency>`
}
