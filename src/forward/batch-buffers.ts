/** Buffers that wait to be used again: as many as one lane has in flight, and what is being cut. */
const MOST_FREE = 8
/** Smaller ones cost less to make than to look for. */
const LEAST_BYTES = 64 * 1024
/** Sizes are multiples of this, so that a batch finds room where another one was. */
const STEP = 128 * 1024

/**
 * Memory for batches, used again. Fresh memory of half a megabyte for each costs nearly as much as filling it,
 * and is taken faster than the collector gives it back.
 */
export class BatchBuffers {
  #free: ArrayBufferLike[] = []
  readonly #lent = new WeakSet<ArrayBufferLike>()

  take(bytes: number): Buffer {
    if (bytes < LEAST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes)
    const buffer =
      this.#free.splice(at, at < 0 ? 0 : 1)[0] ??
      Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP) * STEP).buffer
    this.#lent.add(buffer)
    return Buffer.from(buffer, 0, bytes)
  }

  /** Nobody reads these bytes any more. What is not from here is left alone. */
  give({ buffer }: Buffer): void {
    if (this.#lent.delete(buffer)) this.#free = [buffer, ...this.#free].slice(0, MOST_FREE)
  }
}
