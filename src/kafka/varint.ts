// Kafka's varints are those of Protocol Buffers, signed ones in zigzag. Numbers up to 2^53 fit; the bit
// operations are for those below 2^31.
//
// Measure what uses them bundled, as it is shipped: Node 20 does not inline calls into another module.

/** The most bytes that a varint of a 32-bit number takes. */
export const MOST_VARINT_BYTES = 5

export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

export function sizeOfVarint(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  let size = 4
  for (let rest = value / 0x1000_0000; rest >= 1; rest /= 0x80) size++
  return size
}

/** Returns where the next byte goes. */
export function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  while (rest >= 0x8000_0000) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[at++] = rest
  return at
}
