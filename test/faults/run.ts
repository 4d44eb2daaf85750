import { setTimeout as sleep } from 'node:timers/promises'
import { createTopic, eachMessage, topicOffsets, uniqueTopic } from '../kafka/read-topic.ts'
import { Account, type Tally } from './account.ts'
import { FaultCounts, letFail } from './faults.ts'
import { startProxiedKafka, type ProxiedKafka } from './kafka-behind-proxies.ts'
import { drawSchedule } from './schedule.ts'
import type { Destination, Subject } from './subject.ts'

/** Partitions of the topic. */
const PARTITIONS = 4
/** Milliseconds without a new line in Kafka after which nothing is waited for. */
const SETTLED_AFTER = 60_000

export interface RunOptions {
  readonly seed: number
  readonly kills: number
  readonly brokers: 1 | 3
  readonly replication: number
  readonly minInSync: number
  /** Mean milliseconds between two faults of processes. */
  readonly pace: number
  /** When faults end at the latest. */
  readonly minutes: number
  readonly subject: (destination: Destination) => Promise<Subject> | Subject
  readonly say: (line: string) => void
}

export interface Outcome extends Tally {
  readonly subject: string
  readonly seed: number
  readonly replication: number
  readonly minInSync: number
  readonly kills: number
  readonly brokerKills: number
  readonly faults: Readonly<Record<string, number>>
  /** From the first line to the last one in Kafka. */
  readonly seconds: number
  readonly figures: Readonly<Record<string, number>>
  /** Empty: the run has shown what it should. */
  readonly failures: readonly string[]
}

/** Logs, lets things fail, heals, waits until everything has arrived, and compares. */
export async function runFaults(options: RunOptions): Promise<Outcome> {
  const { seed, kills, brokers, replication, minInSync, pace, minutes, say } = options
  say(`starting ${brokers} brokers, a proxy in front of each`)
  await using kafka = await startProxiedKafka(brokers)
  const topic = uniqueTopic('faults')
  await createTopic(kafka.cluster.brokers, topic, {
    partitions: PARTITIONS,
    replicationFactor: replication,
    config: { 'min.insync.replicas': String(minInSync) },
  })
  const subject = await options.subject({ brokers: kafka.brokers, topic })
  const schedule = drawSchedule({ seed, processes: subject.processes, brokers, kills, pace })
  const counts = new FaultCounts()
  const started = performance.now()
  const progress = setInterval(() => {
    const [killed, brokerKills] = [counts.sum('process kill'), counts.of('broker kill')]
    const others = counts.sum('network') + counts.of('broker pause') + counts.of('process pause')
    say(
      `${elapsed(started)}: ${killed} of ${kills} kills, ${brokerKills} broker kills, ` +
        `${others} other faults, ${subject.called} lines called`,
    )
  }, 5_000)
  try {
    await subject.start()
    await letFail(subject, kafka, schedule, { counts, until: started + minutes * 60_000 })
    clearInterval(progress)
    say(`${elapsed(started)}: healed, waiting until every line has arrived`)
    await subject.stopLogging()
    await arrival(subject, kafka, topic)
  } finally {
    clearInterval(progress)
    await subject.stop()
  }
  const seconds = (performance.now() - started) / 1000
  const account = new Account()
  const notes = await subject.account(account)
  say(`${elapsed(started)}: reading ${await recordsIn(kafka, topic)} records back`)
  await eachMessage(
    kafka.cluster.brokers,
    topic,
    ({ partition, offset, value }) => account.arrived(partition, offset, value ?? Buffer.alloc(0)),
    { timeout: 300_000 },
  )
  const tally = account.tally()
  const killed = counts.sum('process kill')
  const failures = [...notes.failures, ...tally.examples]
  if (killed < kills) failures.push(`time was up after ${killed} of ${kills} kills`)
  return {
    subject: subject.title,
    seed,
    replication,
    minInSync,
    kills: killed,
    brokerKills: counts.of('broker kill'),
    faults: counts.toJSON(),
    seconds: Math.round(seconds),
    ...tally,
    figures: notes.figures,
    failures,
  }
}

/** Until the subject says that it is done and the topic does not grow, or it has not grown for long. */
async function arrival(subject: Subject, kafka: ProxiedKafka, topic: string): Promise<void> {
  let records = -1
  let grown = performance.now()
  for (;;) {
    const done = await subject.isDone()
    const now = await recordsIn(kafka, topic)
    if (now !== records) grown = performance.now()
    const quiet = performance.now() - grown
    records = now
    const seemsDone = done ?? records >= subject.called
    if (quiet > (seemsDone ? 3_000 : SETTLED_AFTER)) return
    await sleep(250)
  }
}

async function recordsIn({ cluster }: ProxiedKafka, topic: string): Promise<number> {
  const partitions = await topicOffsets(cluster.brokers, topic)
  return partitions.reduce((sum, { high }) => sum + Number(high), 0)
}

function elapsed(started: number): string {
  return `${Math.round((performance.now() - started) / 1000)} s`
}
