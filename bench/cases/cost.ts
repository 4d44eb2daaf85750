import { readFileSync } from 'node:fs'

/** What something has cost this process. In microseconds; `thread` is NaN where the system is not Linux. */
export interface Cost {
  /** CPU of the main thread, which is the app's. */
  readonly thread: number
  /** CPU of all threads. */
  readonly process: number
  /** Time that passed. */
  readonly wall: number
}

/** The cost from `start` to `stop`. */
export class Meter {
  readonly #started = now()

  stop(): Cost {
    const stopped = now()
    return {
      thread: stopped.thread - this.#started.thread,
      process: stopped.process - this.#started.process,
      wall: stopped.wall - this.#started.wall,
    }
  }
}

function now(): Cost {
  const { user, system } = process.cpuUsage()
  return { thread: threadCpu(), process: user + system, wall: performance.now() * 1000 }
}

/** CPU of the calling thread, which has to be the main one: of that the kernel's thread id is the pid. */
export function threadCpu(): number {
  // The kernel brings the figure up to date when the thread sleeps, else only at its next tick (1 to 10 ms).
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1000
  } catch {
    return Number.NaN
  }
}

/** Resolves when the process does next to nothing any more, on any of its threads; after 5 s in any case. */
export async function atRest(): Promise<void> {
  const latest = performance.now() + 5000
  for (let quiet = 0; quiet < 2 && performance.now() < latest;) {
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { user, system } = process.cpuUsage(before)
    quiet = user + system < 2500 ? quiet + 1 : 0
  }
}
