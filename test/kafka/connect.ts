import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectJars, type JarOptions } from './jars.ts'
import { findJava } from './toolchain.ts'

export type Properties = Readonly<Record<string, string>>

export interface ConnectOptions {
  readonly mode: 'standalone' | 'distributed'
  /** An empty directory for its files. */
  readonly dir: string
  readonly brokers: readonly string[]
  /** Of its REST interface, on 127.0.0.1. */
  readonly port: number
  /** Settings of the worker beside those that all have. */
  readonly worker: Properties
  /** Given to a standalone worker at its start; a distributed one is told by REST. */
  readonly connectors: readonly Properties[]
  readonly jars?: JarOptions
}

/** The command that runs a real Kafka Connect; its configuration is written by then. */
export async function connectCommand(options: ConnectOptions): Promise<string[]> {
  const { mode, dir, brokers, port, worker, connectors } = options
  const plugins = join(dir, 'plugins')
  await mkdir(plugins)
  const settings: Properties = {
    'bootstrap.servers': brokers.join(),
    listeners: `http://127.0.0.1:${port}`,
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'plugin.discovery': 'only_scan',
    'plugin.path': plugins, // empty: everything is on the class path
    ...(mode === 'standalone' && { 'offset.storage.file.filename': join(dir, 'offsets') }),
    ...worker,
  }
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text)
    return join(dir, name)
  }
  const files = [await write('worker.properties', properties(settings))]
  if (mode === 'standalone')
    for (const [index, connector] of connectors.entries())
      files.push(await write(`connector-${index}.properties`, properties(connector)))
  const log4j = await write('log4j2.properties', LOG4J)
  const java = [await findJava(), '-Xmx512m', '-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${log4j}`]
  const main = `org.apache.kafka.connect.cli.Connect${mode === 'standalone' ? 'Standalone' : 'Distributed'}`
  return [...java, '-cp', join(await connectJars(options.jars), '*'), main, ...files]
}

const LOG4J = `appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
`

function properties(values: Properties): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
