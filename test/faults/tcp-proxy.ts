import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes that one direction may hold back before its source is no longer read. */
const MOST_HELD = 1024 * 1024

/**
 * A TCP proxy on 127.0.0.1 that does to connections what networks do: cuts them, delays them, lets them
 * hang, closes one half, or takes a request through and loses its answer.
 */
export class TcpProxy {
  readonly #server: Server
  readonly #targetPort: number
  readonly #links = new Set<Link>()
  readonly #weather: Weather = { delay: 0, stalled: undefined, losesAnswers: false }
  #endStall: () => void = () => undefined

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#take(client))
  }

  /** @param port to listen on; 0: a free one. */
  static async start(targetPort: number, port = 0): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    proxy.#server.listen(port, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that are open at this moment. */
  get connections(): number {
    return this.#links.size
  }

  /** Connections whose answers were thrown away, and that are open still. */
  get lackingBytes(): number {
    return [...this.#links].filter(({ lacksBytes }) => lacksBytes).length
  }

  #take(client: Socket): void {
    const link = new Link(
      client,
      connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true }),
      {
        weather: this.#weather,
        ended: () => this.#links.delete(link),
      },
    )
    this.#links.add(link)
  }

  /** Ends all connections with a reset, in the middle of whatever they carry. New ones are welcome. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /** Says to all clients that the other end will send nothing more, and goes on taking what they send. */
  halfClose(): void {
    for (const link of this.#links) link.endAnswers()
  }

  /** Everything takes so many milliseconds more, each way, until `heal`. */
  delay(milliseconds: number): void {
    this.#weather.delay = milliseconds
  }

  /** Accepts connections and data, and passes on nothing until `heal`. */
  stall(): void {
    this.#weather.stalled ??= new Promise((resolve) => (this.#endStall = resolve))
  }

  /** Requests go through; what comes back is thrown away until `heal`. */
  loseAnswers(): void {
    this.#weather.losesAnswers = true
  }

  /** As it should be. Connections that lack bytes are cut: nobody could make sense of what follows. */
  heal(): void {
    this.#weather.delay = 0
    this.#weather.stalled = undefined
    this.#weather.losesAnswers = false
    for (const link of this.#links) if (link.lacksBytes) link.cut()
    this.#endStall()
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    this.#endStall()
    if (this.#server.listening) await once(this.#server, 'close')
  }
}

interface Weather {
  delay: number
  /** Resolves when the stall is over. */
  stalled: Promise<void> | undefined
  losesAnswers: boolean
}

interface LinkParts {
  readonly weather: Readonly<Weather>
  readonly ended: () => void
}

/** One connection of a client and what it stands for behind the proxy. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #weather: Readonly<Weather>
  #lacksBytes = false
  #answersEnded = false

  constructor(client: Socket, server: Socket, { weather, ended }: LinkParts) {
    this.#client = client
    this.#server = server.setNoDelay(true)
    this.#weather = weather
    for (const socket of [client, server]) {
      socket.once('error', () => this.cut())
      socket.once('close', () => {
        this.cut()
        ended()
      })
    }
    this.#carry(client, server, false)
    this.#carry(server, client, true)
  }

  get lacksBytes(): boolean {
    return this.#lacksBytes
  }

  cut(): void {
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy()
  }

  endAnswers(): void {
    this.#answersEnded = true
    this.#client.end()
  }

  /** In order, each piece as late as the weather was when it came. */
  #carry(from: Socket, to: Socket, isAnswer: boolean): void {
    let last = Promise.resolve()
    let held = 0
    from.on('data', (bytes: Buffer) => {
      const due = performance.now() + this.#weather.delay
      held += bytes.length
      if (held > MOST_HELD) from.pause()
      last = last.then(async () => {
        await this.#passes(due)
        if (isAnswer && (this.#weather.losesAnswers || this.#lacksBytes)) this.#lacksBytes = true
        else if (!to.destroyed && !(isAnswer && this.#answersEnded)) await write(to, bytes)
        held -= bytes.length
        if (held <= MOST_HELD) from.resume()
      })
    })
    from.once('end', () => {
      const due = performance.now() + this.#weather.delay
      void last.then(() => this.#passes(due)).then(() => to.end())
    })
  }

  async #passes(due: number): Promise<void> {
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    while (this.#weather.stalled !== undefined && !this.#client.destroyed) await this.#weather.stalled
  }
}

async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (to.write(bytes)) return
  await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve))
}
