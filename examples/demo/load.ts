import { Agent, request } from 'node:http'

/** Customers of the shop: so many requests a second, whether it answers or not. */
export class Load {
  /** Where the shop is: in each of its lives at another one. */
  port: number
  /** Requests with a status below 400. */
  served = 0
  /** Requests with any other status. */
  failed = 0
  /** Requests without an answer, as while the shop is dead. */
  unanswered = 0
  readonly #perSecond: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 50 })
  readonly #startedAt = performance.now()
  readonly #underWay = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(port: number, perSecond: number) {
    this.port = port
    this.#perSecond = perSecond
    this.#timer = setInterval(() => this.#sendDue(), 10)
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  #sendDue(): void {
    const due = Math.floor(this.seconds * this.#perSecond)
    while (this.#sent < due) {
      const sent = this.#send(++this.#sent).then((status) => this.#count(status))
      this.#underWay.add(sent)
      void sent.then(() => this.#underWay.delete(sent))
    }
  }

  /** Resolves with the status of the answer, or undefined. */
  async #send(id: number): Promise<number | undefined> {
    // One in three customers buys something.
    const [method, path] = id % 3 === 0 ? ['POST', '/orders'] : ['GET', '/products']
    return new Promise((resolve) => {
      request({
        host: '127.0.0.1',
        port: this.port,
        agent: this.#agent,
        method,
        path,
        headers: { 'x-request-id': `r-${id}` },
      })
        .on('response', (response) => {
          response.on('error', () => resolve(undefined)).on('end', () => resolve(response.statusCode))
          response.resume()
        })
        .on('error', () => resolve(undefined))
        .end()
    })
  }

  #count(status: number | undefined): void {
    if (status === undefined) this.unanswered++
    else if (status < 400) this.served++
    else this.failed++
  }

  /** Sends no more; resolves when all that were sent have been answered, or never will be. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
    this.#agent.destroy()
  }
}
