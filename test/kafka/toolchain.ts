import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const OLDEST_JAVA = 17
const INSTALL = 'on Debian: apt-get install openjdk-17-jre-headless maven'

/** This machine cannot run a Kafka of its own; the message is one sentence and says how to change that. */
export class ToolchainError extends Error {
  override readonly name = 'ToolchainError'
}

/** The `java` to run Kafka with: that of JAVA_HOME, else the one on the PATH. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const home = env.JAVA_HOME
  const candidates = home === undefined || home === '' ? ['java'] : [join(home, 'bin', 'java'), 'java']
  const tooOld: string[] = []
  for (const java of candidates) {
    const version = await javaVersion(java, env)
    if (version === undefined) continue
    if (version >= OLDEST_JAVA) return java
    tooOld.push(`${java} is Java ${version}`)
  }
  const found = tooOld.length === 0 ? 'none was found' : `only ${tooOld.join(', ')}`
  throw new ToolchainError(`A Kafka of our own needs Java ${OLDEST_JAVA} or newer, and ${found}; ${INSTALL}`)
}

/** The `mvn` to fetch Kafka with, which is needed once; later runs find Kafka in the cache. */
export async function findMaven(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const maven = join(folder, 'mvn')
    const executable = await access(maven, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (executable) return maven
  }
  throw new ToolchainError(`Fetching Kafka needs Maven, and none was found; ${INSTALL}`)
}

async function javaVersion(java: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  try {
    const { stderr } = await promisify(execFile)(java, ['-version'], { env })
    return parseJavaVersion(stderr)
  } catch {
    return undefined // not there, or the stub by which macOS offers to install one
  }
}

/** The feature release in what `java -version` prints: 17 of "17.0.15", 8 of "1.8.0_402". */
export function parseJavaVersion(printed: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? []
  const feature = first === '1' ? second : first
  return feature === undefined ? undefined : Number(feature)
}
