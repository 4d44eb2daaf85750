/** In bytes. */
export interface MemorySample {
  /** Lines logged before. */
  readonly lines: number
  /** What lives on the heap of the main thread, after a collection of garbage. */
  readonly heap: number
  /** Of the whole process, its threads and the memory outside the heap included. */
  readonly rss: number
}

/** Needs `--expose-gc`, without which the heap is what happens to lie around. */
export function sampleMemory(lines: number): MemorySample {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { lines, heap: heapUsed, rss }
}
