import { inflateSync } from 'node:zlib'

// https://www.zabbix.com/documentation/current/en/manual/appendix/protocols/header_datalen
const MAGIC = Buffer.from('ZBXD')
const [PROTOCOL, COMPRESSED, LARGE] = [0x01, 0x02, 0x04]
/** Bytes of magic, flags, length and reserved. */
const HEADER = 13
/** Bytes of an answer, which has one line of text in it. */
const MAX_ANSWER = 1024 * 1024

/** What the server says of the values of one request. */
export interface SenderAnswer {
  readonly processed: number
  readonly failed: number
  readonly total: number
}

/** One value, as the sender protocol has it. */
export interface SenderValue {
  readonly host: string
  readonly key: string
  readonly value: string
  /** Seconds since 1970, and nanoseconds beyond. */
  readonly clock: number
  readonly ns: number
}

export function encodeRequest(data: readonly SenderValue[]): Buffer {
  const body = Buffer.from(JSON.stringify({ request: 'sender data', data }))
  const header = Buffer.alloc(HEADER)
  MAGIC.copy(header)
  header[4] = PROTOCOL
  header.writeUInt32LE(body.length, 5)
  return Buffer.concat([header, body])
}

/** The answer in these bytes; undefined as long as they are not all of it. Throws where they are none. */
export function decodeAnswer(bytes: Buffer): SenderAnswer | undefined {
  if (!bytes.subarray(0, 4).equals(MAGIC.subarray(0, bytes.length))) throw strange(bytes)
  if (bytes.length < HEADER) return undefined
  const flags = bytes[4] ?? 0
  const length = bytes.readUInt32LE(5)
  if ((flags & PROTOCOL) === 0 || (flags & LARGE) !== 0 || length > MAX_ANSWER) throw strange(bytes)
  if (bytes.length < HEADER + length) return undefined
  const raw = bytes.subarray(HEADER, HEADER + length)
  const body = flags & COMPRESSED ? inflateSync(raw, { maxOutputLength: MAX_ANSWER }) : raw
  return readAnswer(body.toString())
}

/** `{"response":"success","info":"processed: 1; failed: 0; total: 1; seconds spent: 0.000055"}` */
function readAnswer(text: string): SenderAnswer {
  const { response, info } = JSON.parse(text) as { response?: unknown; info?: unknown }
  const [processed, failed, total] = ['processed', 'failed', 'total'].map((word) => {
    const [, digits] = new RegExp(`${word}: (\\d+)`).exec(String(info)) ?? []
    return digits === undefined ? Number.NaN : Number(digits)
  })
  if (response !== 'success') throw new Error(`the server says ${text.slice(0, 200)}`)
  if (
    processed === undefined ||
    failed === undefined ||
    total === undefined ||
    !(processed + failed === total)
  )
    throw new Error(`the server does not say what it took: ${text.slice(0, 200)}`)
  return { processed, failed, total }
}

function strange(bytes: Buffer): Error {
  const start = bytes.subarray(0, 60).toString('latin1')
  return new Error(`the answer is not of Zabbix: ${JSON.stringify(start)}`)
}
