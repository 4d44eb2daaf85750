import { execFile } from 'node:child_process'
import { chown, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { debianFiles } from '../debian.ts'
import { freePort } from '../kafka/ports.ts'
import { ServerProcess } from '../server-process.ts'
import { shared } from '../shared-server.ts'

/** PostgreSQL does not run as root, so there it is run as nobody. */
const NOBODY = 65_534
const VERSIONS = ['usr', 'lib', 'postgresql']

export interface PostgresServer {
  /** postgres://… */
  readonly url: string
  readonly process: ServerProcess
  stop(): Promise<void>
}

/** A real PostgreSQL on 127.0.0.1 with its data in a temporary folder. It ends with this process. */
async function startPostgres(): Promise<PostgresServer> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'logflume-postgres-'))
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(folder, NOBODY, NOBODY)
  const prefix = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []
  const { programs, env } = await findPrograms(isRoot ? folder : undefined)
  const data = join(folder, 'data')
  const [command = '', ...args] = [
    ...prefix,
    join(programs, 'initdb'),
    ...['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
  ]
  await promisify(execFile)(command, args, { cwd: folder, env: { ...process.env, ...env } })
  const listen = ['-h', '127.0.0.1', '-p', String(port), '-k', folder, '-c', 'fsync=off']
  const server = new ServerProcess({
    name: 'PostgreSQL',
    folder,
    command: [...prefix, join(programs, 'postgres'), '-D', data, ...listen],
    env,
  })
  const stop = async (): Promise<void> => {
    await server.stop() // its children end with it
    await rm(folder, { recursive: true, force: true })
  }
  const url = `postgres://test@127.0.0.1:${port}/postgres`
  try {
    await server.start()
    await server.ready(() => answers(url))
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { url, process: server, stop }
}

interface Programs {
  /** Folder of initdb and postgres. */
  readonly programs: string
  readonly env: Readonly<Record<string, string>>
}

/** Those that are installed, else the package's files: copied to where `nobody` may read them, for root. */
async function findPrograms(folder: string | undefined): Promise<Programs> {
  const installed = await programsIn('/')
  if (installed !== undefined) return { programs: installed, env: {} }
  const { root, env } = await debianFiles('postgresql')
  const place = folder === undefined ? root : join(folder, 'root')
  if (place !== root) await cp(root, place, { recursive: true })
  const programs = await programsIn(place)
  if (programs === undefined) throw new Error(`no initdb in ${place}`)
  const moved = Object.entries(env).map(([name, value]) => [name, value.replaceAll(root, place)])
  return { programs, env: Object.fromEntries(moved) as Programs['env'] }
}

async function programsIn(root: string): Promise<string | undefined> {
  const versions = await readdir(join(root, ...VERSIONS)).catch(() => [])
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1)
  return newest === undefined ? undefined : join(root, ...VERSIONS, newest, 'bin')
}

async function answers(url: string): Promise<boolean> {
  const client = new Client(url)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** One for this process, started at the first call and stopped after its last test. */
export const usePostgres = shared(startPostgres)
