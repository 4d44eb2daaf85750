import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaNode } from '../kafka/node.ts'
import type { ProxiedKafka } from './kafka-behind-proxies.ts'
import type { BrokerFault, NetworkFault, ProcessFault, Schedule, Step } from './schedule.ts'
import type { Subject } from './subject.ts'

/** Milliseconds that a broker may take to come back, on a machine that others use as well. */
const BACK_WITHIN = 180_000

/** How often each thing went wrong. */
export class FaultCounts {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, this.of(what) + 1)
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  /** All that begin with a word. */
  sum(word: string): number {
    return [...this.#counts].reduce((sum, [what, count]) => sum + (what.startsWith(word) ? count : 0), 0)
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}

/**
 * Lets everything of a schedule go wrong, until its processes have had their last kill (or `until`, a
 * `performance.now()`), and puts all of it right again.
 */
export async function letFail(
  subject: Subject,
  kafka: ProxiedKafka,
  schedule: Schedule,
  { counts, until }: { readonly counts: FaultCounts; readonly until: number },
): Promise<void> {
  const over = new AbortController()
  const patience = setTimeout(() => over.abort(), until - performance.now())
  const tracks = [
    play(schedule.processes, over.signal, (step) => failProcess(subject, kafka, step, counts)),
    play(schedule.brokers, over.signal, (step) => failBroker(kafka, step, counts)),
    play(schedule.network, over.signal, (step) => failNetwork(kafka, step, counts)),
  ]
  // The first to end is that of the processes, or one that has failed.
  await Promise.race(tracks).catch(() => undefined)
  clearTimeout(patience)
  over.abort()
  const ends = await Promise.allSettled(tracks)
  for (const proxy of kafka.proxies) proxy.heal()
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** One step after the other; what has begun is brought to its end. */
async function play<Kind extends string>(
  steps: Iterable<Step<Kind>>,
  signal: AbortSignal,
  act: (step: Step<Kind>) => Promise<void>,
): Promise<void> {
  for (const step of steps) {
    await sleep(step.after, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await act(step)
  }
}

async function failProcess(
  subject: Subject,
  { proxies }: ProxiedKafka,
  { kind, target, length }: Step<ProcessFault>,
  counts: FaultCounts,
): Promise<void> {
  counts.add(`process ${kind}`)
  switch (kind) {
    case 'kill':
      await subject.kill(target)
      break
    case 'kill unanswered': {
      for (const proxy of proxies) proxy.loseAnswers()
      await sleep(length / 5)
      const killed = subject.kill(target)
      for (const proxy of proxies) proxy.heal()
      await killed
      break
    }
    case 'pause':
      await subject.pause(target, length)
      break
    case 'rotate':
      subject.rotate(target)
      break
  }
}

async function failBroker(
  { cluster }: ProxiedKafka,
  { kind, target, length }: Step<BrokerFault>,
  counts: FaultCounts,
): Promise<void> {
  counts.add(`broker ${kind}`)
  const node = cluster.node(target + 1)
  if (kind === 'kill') {
    await node.kill()
    await sleep(length)
    await restart(node)
  } else {
    node.pause()
    await sleep(length)
    node.resume()
    await node.ready({ timeout: BACK_WITHIN })
  }
}

/** While it was dead, its ports were anybody's. */
async function restart(node: KafkaNode): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await node.kill()
      await node.start()
      await node.ready({ timeout: BACK_WITHIN })
      return
    } catch (error) {
      if (attempt === 5 || !String(error).includes('Address already in use')) throw error
      await sleep(1000)
    }
  }
}

async function failNetwork(
  { proxies }: ProxiedKafka,
  { kind, target, length }: Step<NetworkFault>,
  counts: FaultCounts,
): Promise<void> {
  const proxy = proxies[target]
  if (proxy === undefined) throw new RangeError(`no proxy ${target}`)
  counts.add(`network ${kind}`)
  switch (kind) {
    case 'cut':
      proxy.cut()
      return
    case 'half-close':
      proxy.halfClose()
      return
    case 'delay':
      proxy.delay(Math.ceil(length / 10))
      break
    case 'stall':
      proxy.stall()
      break
    case 'lose answers':
      proxy.loseAnswers()
      break
  }
  await sleep(length)
  proxy.heal()
}
