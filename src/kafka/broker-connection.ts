import { toError } from '../errors.ts'
import type { BrokerAddress, BrokerClient, MakeBrokerClient } from './broker-client.ts'
import { explainLoss } from './explain-loss.ts'

interface UnderWay {
  readonly fail: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * One connection to one broker, from connecting to its end. A lost one is replaced by another, never
 * revived. A request that is not answered in time ends it, and with it all requests that are under way:
 * a broker answers in order, so that behind a missing answer there are no others.
 */
export class BrokerConnection {
  /** 'host:port' */
  readonly address: string
  readonly #client: BrokerClient
  readonly #connectionTimeout: number
  #state: 'new' | 'open' | 'ended' = 'new'
  #reason: Error | undefined
  #opening: Promise<void> | undefined
  /** A login of an open connection that is being renewed: everything else waits for it, in order. */
  #renewing: Promise<void> | undefined
  /** It has answered something that it answers only after a login, where it wants one. */
  #welcomed = false
  readonly #underWay = new Set<UnderWay>()

  constructor(address: string, makeClient: MakeBrokerClient, connectionTimeout: number) {
    this.address = address
    this.#connectionTimeout = connectionTimeout
    this.#client = makeClient(hostAndPort(address), (error) =>
      this.end(explainLoss(error, { address, welcomed: this.#welcomed })),
    )
  }

  /** Connected, with nothing ahead of a question: a broker answers one request after the other. */
  get isIdle(): boolean {
    return this.#state === 'open' && this.#underWay.size === 0
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Connects, once for all who ask. */
  open(timeout: number): Promise<void> {
    return (this.#opening ??= this.#open(Math.min(timeout, this.#connectionTimeout)))
  }

  async #open(timeout: number): Promise<void> {
    try {
      await this.#answered(this.#client.connect(), timeout)
    } catch (error) {
      this.end(toError(error))
      throw error
    }
    if (this.#state === 'new') this.#state = 'open'
  }

  /**
   * Asks in this very turn of the event loop unless the login has to be renewed: what is asked first leaves
   * first.
   */
  async request<T>(question: (client: BrokerClient) => Promise<T>, timeout: number): Promise<T> {
    const renewed = this.#renewed(timeout)
    if (renewed !== undefined) await renewed
    if (this.#state !== 'open') throw this.#notConnected()
    const answer = await this.#answered(question(this.#client), timeout)
    this.#welcomed = true
    return answer
  }

  /**
   * Undefined where the login holds. A broker cuts off who goes on after the end of a session, and refuses
   * everything else between the steps of a login; so the way is cleared before a request leaves. It is
   * renewed on the same connection, since on another one batches would overtake those under way on this one.
   */
  #renewed(timeout: number): Promise<void> | undefined {
    if (this.#renewing === undefined && this.#state === 'open' && !this.#client.isLoggedIn) {
      this.#renewing = this.#renew(timeout)
    }
    return this.#renewing
  }

  async #renew(timeout: number): Promise<void> {
    try {
      await this.#answered(this.#client.logIn(), timeout)
    } catch (thrown) {
      this.end(toError(thrown))
      throw thrown
    } finally {
      // Only after those who waited have gone on, in this turn: a newcomer queues up behind them until then.
      setImmediate(() => (this.#renewing = undefined))
    }
  }

  /** Waits for `work`, and no longer than the connection lives; ends the connection when it takes too long. */
  #answered<T>(work: Promise<T>, timeout: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        this.end(new Error(`${this.address} gave no answer within ${Math.round(timeout)} ms`))
      const underWay: UnderWay = { fail: reject, timer: setTimeout(late, Math.max(0, timeout)) }
      this.#underWay.add(underWay)
      const settled = (): void => {
        clearTimeout(underWay.timer)
        this.#underWay.delete(underWay)
      }
      work.finally(settled).then(resolve, reject)
      if (this.#state === 'ended') this.#fail()
    })
  }

  /** Closes the socket at once; requests under way reject with `reason`. */
  end(reason: Error): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#reason = reason
    this.#fail()
    this.#client.destroy(reason)
  }

  #fail(): void {
    for (const { fail, timer } of this.#underWay) {
      clearTimeout(timer)
      fail(this.#notConnected())
    }
    this.#underWay.clear()
  }

  #notConnected(): Error {
    return this.#reason ?? new Error(`${this.address} is not connected`)
  }
}

function hostAndPort(address: string): BrokerAddress {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1') // [::1] is the address ::1
  return { host, port: Number(address.slice(colon + 1)) }
}
