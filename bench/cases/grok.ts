import { ConsumedRecord, dissect, grok, regex, type Transform } from 'logflume/consumer'
import { Meter, type Cost } from './cost.ts'
import { input, say } from './report.ts'

export interface GrokInput {
  readonly way: keyof typeof ways
  readonly warmup: number
  readonly records: number
}

export interface GrokRun extends Cost {
  /** Records of which the client, the status and the agent came out right. */
  readonly right: number
}

const LINES = 1000

/** What a person writes who knows what these lines look like, and what is fast: groups with names are not. */
const byHand =
  /^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) HTTP\/([\d.]+)" (\d+) (\d+|-) ("[^"]*") ("[^"]*")$/
const names = 'clientip ident auth timestamp verb request httpversion response bytes referrer agent'.split(
  ' ',
)
const ownPattern =
  '^%{IPV4:clientip} %{NOTSPACE:ident} %{NOTSPACE:auth} \\[%{HTTPDATE:timestamp}\\] "%{WORD:verb} %{NOTSPACE:request} HTTP/%{NUMBER:httpversion}" %{POSINT:response} %{NONNEGINT:bytes} %{QS:referrer} %{QS:agent}$'
const ways = {
  record: () => (record) => {
    // Only what all others do as well: a record is made, its text read, its fields asked for.
    record.fields.message = record.get('message')
    return record
  },
  function: () => (record) => {
    const found = byHand.exec(record.get('message') as string)
    if (found === null) return record
    const { fields } = record
    fields.clientip = found[1]
    fields.ident = found[2]
    fields.auth = found[3]
    fields.timestamp = found[4]
    fields.verb = found[5]
    fields.request = found[6]
    fields.httpversion = found[7]
    fields.response = found[8]
    fields.bytes = found[9]
    fields.referrer = found[10]
    fields.agent = found[11]
    return record
  },
  regex: () => regex({ pattern: byHand, names }),
  dissect: () =>
    dissect({
      pattern:
        '%{clientip} %{ident} %{auth} [%{timestamp}] "%{verb} %{request} HTTP/%{httpversion}" %{response} %{bytes} %{referrer} %{agent}',
    }),
  combined: () => grok({ match: '%{COMBINEDAPACHELOG}' }),
  own: () => grok({ match: ownPattern }),
} satisfies Record<string, () => Transform>

const { way, warmup, records } = input() as GrokInput
const transform = ways[way]()
const lines = Array.from({ length: LINES }, (_, n) => Buffer.from(accessLine(n)))
const origin = { topic: 'nginx', partition: 0, arrivedAt: Date.now() }
run(0, warmup)
const meter = new Meter()
const right = run(warmup, warmup + records)
say({ result: { ...meter.stop(), right } satisfies GrokRun })

function run(from: number, to: number): number {
  let found = 0
  for (let offset = from; offset < to; offset++) {
    const record = new ConsumedRecord({ value: lines[offset % LINES] ?? null, offset }, origin)
    const after = transform(record)
    if (after !== record) continue
    const { clientip, response, agent } = record.fields
    if (clientip === client(offset % LINES) && response === status(offset % LINES) && agent !== undefined)
      found++
  }
  return found
}

function client(n: number): string {
  return `10.1.${n % 256}.${(n * 7) % 256}`
}

function status(n: number): string {
  return n % 50 === 0 ? '503' : '200'
}

function accessLine(n: number): string {
  const path = `/api/orders/${100_000 + n}?page=${n % 10}`
  const agent = `"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/${100 + (n % 40)}.0"`
  return `${client(n)} - - [21/Nov/2026:13:10:${10 + (n % 50)} +0000] "GET ${path} HTTP/1.1" ${status(n)} ${500 + n} "https://shop.example/" ${agent}`
}
