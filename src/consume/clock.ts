/** When things are, and when they are due; a test may have one of its own. */
export interface Clock {
  /** Milliseconds of a time that never jumps. */
  now(): number
  /** Calls once, after so many milliseconds; returns what takes that back. */
  after(milliseconds: number, call: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds)
    return () => clearTimeout(timer)
  },
}
