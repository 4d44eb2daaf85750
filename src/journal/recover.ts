import * as fs from 'node:fs'

const NEWLINE = 10
const READ_BYTES = 1024 * 1024

/** What a segment holds that nobody is writing any more. */
export interface SegmentContent {
  /** Bytes up to and with the last newline. */
  readonly bytes: number
  readonly lines: number
  /** Bytes of a half line that were cut off behind it. */
  readonly torn: number
}

/**
 * Counts a segment's lines and cuts off what follows the last newline: the half line of a writer that died
 * while writing. The cut bytes are kept in `tornFile`, since somebody may want to know.
 */
export function recoverSegment(file: string, tornFile: string): SegmentContent {
  const fd = fs.openSync(file, 'r+')
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    let size = 0
    let bytes = 0
    let lines = 0
    for (;;) {
      const read = fs.readSync(fd, buffer, 0, READ_BYTES, size)
      if (read === 0) break
      const part = buffer.subarray(0, read)
      for (let at = part.indexOf(NEWLINE); at !== -1; at = part.indexOf(NEWLINE, at + 1)) {
        lines++
        bytes = size + at + 1
      }
      size += read
    }
    const torn = size - bytes
    if (torn > 0) {
      keepTorn(fd, bytes, torn, tornFile)
      fs.ftruncateSync(fd, bytes)
    }
    return { bytes, lines, torn }
  } finally {
    fs.closeSync(fd)
  }
}

/** Half lines are small; a tail without any newline is not a line of ours, and a megabyte of it is enough. */
function keepTorn(fd: number, from: number, length: number, tornFile: string): void {
  const tail = Buffer.alloc(Math.min(length, READ_BYTES))
  fs.readSync(fd, tail, 0, tail.length, from)
  fs.appendFileSync(tornFile, Buffer.concat([tail, Buffer.from('\n')]))
}
