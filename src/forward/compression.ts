import * as zlib from 'node:zlib'
import type { CompressionName } from '../kafka/port.ts'
import { refuse, type OptionReader } from '../options.ts'
import { needPeer } from '../peer.ts'

const NAMES = ['none', 'gzip', 'zstd', 'lz4', 'snappy'] as const

/** Those that this package does not bring, since most do without. */
const PACKAGES: Partial<Record<CompressionName, string>> = { lz4: 'lz4-napi', snappy: 'snappy' }

/** The codec of the batches; asked for here what it needs, and not in the worker with the first batch. */
export function readCompression(reader: OptionReader): CompressionName {
  const name = reader.oneOf('compression', NAMES, 'none')
  const at = reader.at('compression')
  if (name === 'zstd' && !('zstdCompress' in zlib)) {
    refuse(at, `Node 22.15 or newer for 'zstd', or another codec`, process.version)
  }
  const wanted = PACKAGES[name]
  if (wanted !== undefined) needPeer(wanted, at, name)
  return name
}
