import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { debianFiles, type DebianFiles } from '../debian.ts'
import { freePort, isListening } from '../kafka/ports.ts'
import { ServerProcess } from '../server-process.ts'
import { shared } from '../shared-server.ts'

/** Name and pre-shared key of a host that takes encrypted values only. */
export const SECURED = { host: 'secured', identity: 'logflume', key: '0123456789abcdef0123456789abcdef' }

/** Of a host, by its name: keys of its trapper items. All are of text. */
const ITEMS: Readonly<Record<string, readonly string[]>> = {
  shop: ['errors', 'p99', 'ü[a,"b"]', ...Array.from({ length: 300 }, (_, n) => `many.${n}`)],
  'web-1': ['requests[200]', 'requests[503]'],
  [SECURED.host]: ['errors'],
}

export interface StoredValue {
  readonly host: string
  readonly key: string
  readonly value: string
  readonly clock: number
  readonly ns: number
}

export interface ZabbixProxy {
  readonly port: number
  readonly process: ServerProcess
  /** What it has stored, oldest first; waits until there are so many. */
  readonly values: (count: number) => Promise<StoredValue[]>
  stop(): Promise<void>
}

/** A real Zabbix proxy on 127.0.0.1 with its data in a temporary folder. It ends with this process. */
async function startZabbix(): Promise<ZabbixProxy> {
  const files = await debianFiles('zabbix-proxy-sqlite3')
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'logflume-zabbix-'))
  const database = join(folder, 'proxy.db')
  const config = join(folder, 'proxy.conf')
  await query(files, database, await schema(files))
  await writeFile(config, configuration(folder, database, port))
  const server = new ServerProcess({
    name: 'zabbix_proxy',
    folder,
    command: [join(files.root, 'usr', 'sbin', 'zabbix_proxy'), '-f', '-c', config],
    env: files.env,
  })
  const stop = async (): Promise<void> => {
    await server.stop() // its children end with it
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await server.start()
    await server.ready(() => isListening(port))
  } catch (thrown) {
    await stop()
    throw thrown
  }
  const select = `SELECT host, key_ AS key, value, clock, ns FROM proxy_history
    JOIN items USING (itemid) JOIN hosts USING (hostid) ORDER BY id`
  const values = async (count: number): Promise<StoredValue[]> => {
    const deadline = Date.now() + 20_000
    for (;;) {
      const rows = await query(files, database, select)
      const stored = rows === '' ? [] : (JSON.parse(rows) as StoredValue[])
      if (stored.length >= count || Date.now() > deadline) return stored
      await sleep(100) // it writes once a second
    }
  }
  return { port, process: server, values, stop }
}

async function query({ env }: DebianFiles, database: string, sql: string): Promise<string> {
  const child = promisify(execFile)('sqlite3', ['-json', '-cmd', '.timeout 5000', database], {
    env: { ...process.env, ...env },
  })
  child.child.stdin?.end(sql)
  return (await child).stdout
}

async function schema({ root }: DebianFiles): Promise<string> {
  const file = join(root, 'usr', 'share', 'zabbix-proxy-sqlite3', 'schema.sql.gz')
  const { stdout } = await promisify(execFile)('zcat', [file], { maxBuffer: 16 * 1024 * 1024 })
  const hosts = Object.entries(ITEMS).map(([host, keys], index) => {
    const id = 100 + index
    const isSecured = host === SECURED.host
    const tls = isSecured ? `2, '${SECURED.identity}', '${SECURED.key}'` : `1, '', ''`
    const items = keys.map((key, at) => {
      const item = 1000 * id + at
      return `INSERT INTO items (itemid, type, hostid, name, key_, value_type) VALUES (${item}, 2, ${id}, 'x', '${key}', 4);
INSERT INTO item_rtdata (itemid) VALUES (${item});`
    })
    return `INSERT INTO hosts (hostid, host, name, tls_accept, tls_psk_identity, tls_psk) VALUES (${id}, '${host}', '${host}', ${tls});
${items.join('\n')}`
  })
  return `${stdout}\nPRAGMA journal_mode=WAL;\nBEGIN;\n${hosts.join('\n')}\nCOMMIT;`
}

/** As little as there can be of everything that tests do not use. */
function configuration(folder: string, database: string, port: number): string {
  return `ProxyMode=1
Server=127.0.0.1
Hostname=proxy
ListenIP=127.0.0.1
ListenPort=${port}
LogType=console
PidFile=${join(folder, 'proxy.pid')}
SocketDir=${folder}
DBName=${database}
AllowRoot=1
StartPollers=0
StartPollersUnreachable=0
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartPreprocessors=1
StartHistoryPollers=0
StartTrappers=2
StartDBSyncers=1
CacheSize=2M
HistoryCacheSize=1M
HistoryIndexCacheSize=1M
Timeout=3
`
}

/** One for this process, started at the first call and stopped after its last test. */
export const useZabbix = shared(startZabbix)
