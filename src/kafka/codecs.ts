import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { CompressionName } from './port.ts'

/** One way to compress the records of a batch. */
export interface Codec {
  /** Kafka's number of it, in the attributes of a batch. */
  readonly id: number
  /** Off this thread. */
  readonly compress: (records: Buffer) => Promise<Buffer>
}

const gzip = promisify(zlib.gzip)
/** Fast rather than small: level 1 costs half of level 6 and packs log lines nearly as well. */
const GZIP_LEVEL = 1
/** As Java's client cuts them. */
const SNAPPY_BLOCK = 32 * 1024
/** Magic, version 1, readable since version 1: https://github.com/xerial/snappy-java#data-format */
const XERIAL_HEAD = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')

/** Undefined for 'none'. Packages are loaded when the first batch is compressed. */
export function codecOf(name: CompressionName): Codec | undefined {
  switch (name) {
    case 'none':
      return undefined
    case 'gzip':
      return { id: 1, compress: (records) => gzip(records, { level: GZIP_LEVEL }) }
    case 'snappy':
      return { id: 2, compress: snappy }
    case 'lz4':
      return { id: 3, compress: async (records) => (await import('lz4-napi')).compressFrame(records) }
    case 'zstd':
      return { id: 4, compress: zstd }
  }
}

/** Snappy in the frame of its Java library, since its own came later than Kafka. */
async function snappy(records: Buffer): Promise<Buffer> {
  const { compress } = await import('snappy')
  const blocks: Promise<Buffer>[] = []
  for (let at = 0; at < records.length; at += SNAPPY_BLOCK) {
    blocks.push(compress(records.subarray(at, at + SNAPPY_BLOCK)))
  }
  const framed = (await Promise.all(blocks)).flatMap((block) => {
    const size = Buffer.allocUnsafe(4)
    size.writeInt32BE(block.length)
    return [size, block]
  })
  return Buffer.concat([XERIAL_HEAD, ...framed])
}

async function zstd(records: Buffer): Promise<Buffer> {
  const { zstdCompress } = zlib as { zstdCompress?: ZstdCompress }
  if (zstdCompress === undefined) throw new Error('zstd needs Node 22.15 or newer')
  return promisify(zstdCompress)(records)
}

type ZstdCompress = (bytes: Buffer, done: (error: Error | null, compressed: Buffer) => void) => void
