import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { KAFKA_VERSION } from '../test/kafka/jars.ts'
import { kcatVersion } from './kcat.ts'
import { rsyslogVersion } from './rsyslog.ts'

/** What the figures below it were measured with, and on. */
export async function describeMachine(): Promise<string> {
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`
  const [load = 0] = loadavg()
  return [
    `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cores}, load ${load.toFixed(1)}`,
    `Kafka ${KAFKA_VERSION}; kcat ${(await kcatVersion()) ?? 'missing'}; rsyslog ${(await rsyslogVersion()) ?? 'missing'}`,
    ['logflume', 'kafkajs', 'pino', 'pino-roll'].map(versionOf).join(', '),
    ['winston', 'winston-daily-rotate-file'].map(versionOf).join(', '),
  ].join('\n')
}

function versionOf(name: string): string {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string }
  return `${name} ${version}`
}
