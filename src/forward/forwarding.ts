import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { DiagnosticHandler } from '../diagnostics.ts'
import { toError } from '../errors.ts'
import type { Losses } from '../record.ts'
import { backoff } from '../retry.ts'
import type { KafkaState } from './sender.ts'
import type { Delivery } from './forwarder-parts.ts'
import type { FromWorker, ToWorker, WorkerData } from './messages.ts'
import { Progress } from './progress.ts'

/** Milliseconds between looks at whether the worker lives, and how many in vain make it a dead one. */
const LOOK_EVERY = 2_000
const LOOKS = 5
/** Milliseconds that a worker gets to save its checkpoint and close its connections. */
const STOP_WITHIN = 1_000

export interface ForwardingStats {
  readonly recovered: number
  readonly forwarded: number
  readonly dropped: number
  readonly lost: Losses
  readonly lostTotal: number
  readonly kafka: {
    readonly state: KafkaState
    readonly error: string | undefined
    readonly retries: number
    readonly duplicatesPossible: number
    readonly moved: number
    readonly keyErrors: number
    readonly rate: number
    readonly delivery: Delivery
  }
}

/** A worker thread, or why there is none. */
export type Thread = Worker | Error

/** One that loads, and waits to be told what to do: which takes about as long as opening a journal. */
export function bootThread(name: string): Thread {
  try {
    const worker = new Worker(new URL(import.meta.resolve('logflume/worker')), {
      name: `logflume ${name}`,
      // Whose thread it is, for those who look from inside.
      workerData: { logflume: name },
      // The app's own loaders and flags are none of the worker's business.
      execArgv: [],
      // Next to nothing of what is made for a batch outlives it; Node's own limit would keep 20 MB more of it.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    worker.unref()
    return worker
  } catch (thrown) {
    return toError(thrown)
  }
}

/**
 * What a worker thread does for one journal, as the app's thread sees it: kept alive, never waited for. It
 * forwards, and compresses what is closed; either may be off.
 */
export class Forwarding {
  readonly progress = new Progress()
  readonly #data: Omit<WorkerData, 'shared'>
  readonly #diagnose: DiagnosticHandler
  #worker: Worker | undefined
  #restart: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #crashes = 0
  #stopped = false
  #state: KafkaState
  #error: string | undefined
  #delivery: Delivery
  #flushes = new Map<number, { readonly ordinal: number; readonly resolve: () => void }>()
  #nextFlush = 0

  /** @param thread one that has begun to load already. */
  constructor(data: Omit<WorkerData, 'shared'>, diagnose: DiagnosticHandler, thread?: Thread) {
    this.#data = data
    this.#diagnose = diagnose
    this.#state = data.forward === undefined ? 'off' : 'starting'
    this.#delivery = data.forward?.delivery ?? 'exactly-once'
    this.progress.set('recovered', -1)
    this.#start(thread)
  }

  /** Whether lines are forwarded; else the worker only looks after closed segments. */
  get forwards(): boolean {
    return this.#data.forward !== undefined
  }

  #start(thread = bootThread(this.#data.journal.name)): void {
    if (thread instanceof Error) {
      this.#ended(thread)
      return
    }
    const worker = thread
    this.#worker = worker
    worker.on('message', (message: FromWorker) => this.#take(message))
    worker.on('error', (error) => (this.#error = toError(error).message))
    worker.on('exit', () => this.#ended(new Error(this.#error ?? 'the worker thread ended')))
    // A program that has nothing else to do may end: what is not forwarded yet is on disk. Only now, since
    // listening for messages takes hold of the worker again.
    worker.unref()
    this.#watchOver(worker)
    this.#say({ type: 'begin', data: { ...this.#data, shared: this.progress.shared } })
    for (const [id, { ordinal }] of this.#flushes) this.#say({ type: 'flush', id, ordinal })
  }

  /** Ends a worker that gives no sign of life any more; its end brings the next one. */
  #watchOver(worker: Worker): void {
    let seen = this.progress.get('beats')
    let missed = 0
    clearInterval(this.#watch)
    this.#watch = setInterval(() => {
      const beats = this.progress.get('beats')
      missed = beats === seen ? missed + 1 : 0
      seen = beats
      if (missed < LOOKS) return
      clearInterval(this.#watch)
      this.#error = `the worker thread hung for ${(LOOK_EVERY * LOOKS) / 1000} s`
      void worker.terminate()
    }, LOOK_EVERY)
    this.#watch.unref()
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'state':
        this.#state = message.state
        this.#error = message.error
        if (message.state === 'connected') this.#crashes = 0
        break
      case 'delivery':
        this.#delivery = message.delivery
        break
      case 'flushed':
        this.#flushes.get(message.id)?.resolve()
        break
      case 'diagnostic':
        this.#diagnose(message.diagnostic)
        break
    }
  }

  #ended(error: Error): void {
    this.#worker = undefined
    clearInterval(this.#watch)
    if (this.#stopped) return
    if (this.forwards) this.#state = 'retrying'
    this.#error = error.message
    this.#diagnose({
      level: 'error',
      message: `the worker thread stopped and will be started again: ${error.message}`,
      error,
    })
    this.#restart = setTimeout(() => this.#start(), backoff(++this.#crashes))
    this.#restart.unref()
  }

  #say(message: ToWorker): void {
    this.#worker?.postMessage(message)
  }

  /** Resolves when every line before `ordinal` is in Kafka or lost, or after `timeout` milliseconds. */
  async flush(ordinal: number, timeout: number): Promise<void> {
    if (this.#stopped || !this.forwards || this.progress.acknowledged >= ordinal) return
    const id = this.#nextFlush++
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout)
      this.#flushes.set(id, {
        ordinal,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
      })
      this.#say({ type: 'flush', id, ordinal })
    })
    this.#flushes.delete(id)
  }

  /** Ends the worker, gently at first. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#restart)
    clearInterval(this.#watch)
    const worker = this.#worker
    if (worker !== undefined) {
      const patience = new AbortController()
      worker.once('exit', () => patience.abort())
      worker.ref()
      this.#say({ type: 'stop' })
      await delay(STOP_WITHIN, undefined, { signal: patience.signal }).catch(() => undefined)
      await worker.terminate()
    }
    if (this.forwards) this.#state = 'stopped'
  }

  stats(): ForwardingStats {
    const { progress } = this
    const deleted = progress.get('deleted')
    const refused = progress.get('refused')
    return {
      recovered: Math.max(0, progress.get('recovered')),
      forwarded: progress.get('forwarded'),
      dropped: progress.get('dropped'),
      lostTotal: deleted + refused,
      lost: {
        ...(deleted > 0 && { 'deleted before it was forwarded': deleted }),
        ...(refused > 0 && { 'refused by Kafka': refused }),
      },
      kafka: {
        state: this.#state,
        error: this.#error,
        retries: progress.get('retries'),
        duplicatesPossible: progress.get('duplicatesPossible'),
        moved: progress.get('moved'),
        keyErrors: progress.get('keyless'),
        rate: progress.get('rate'),
        delivery: this.#delivery,
      },
    }
  }
}
