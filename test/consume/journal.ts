import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createConsumer, type Consumer, type ConsumerOptions } from '../../src/consumer.ts'
import type { Sink } from '../../src/consume/sink.ts'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { Diagnostic } from '../../src/diagnostics.ts'
import { segmentFile } from '../../src/journal/segment.ts'

/** Appends lines to a journal's segment, as another process would. */
export function appendLines(
  dir: string,
  lines: readonly string[],
  { slot = 0, ordinal = 0 } = {},
): Promise<void> {
  return appendFile(join(dir, segmentFile('shop', slot, ordinal, '20261121')), `${lines.join('\n')}\n`)
}

export interface Collected extends Sink {
  readonly records: ConsumedRecord[]
  readonly texts: () => string[]
  /** Resolves when so many records are there. */
  readonly until: (count: number) => Promise<void>
}

/** A sink that keeps what it gets. */
export function collect(name = 'collect'): Collected {
  const records: ConsumedRecord[] = []
  let check = (): void => undefined
  return {
    name,
    records,
    write(batch) {
      records.push(...batch)
      check()
    },
    texts: () => records.map(({ line }) => line),
    until: (count) =>
      new Promise((resolve) => {
        check = () => {
          if (records.length >= count) resolve()
        }
        check()
      }),
  }
}

const consumers = new WeakMap<TestContext, Consumer[]>()

/** A directory that is removed after the test's consumers have ended. */
export async function journalDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-'))
  t.after(async () => {
    await closeConsumers(t)
    await rm(dir, { recursive: true, force: true })
  })
  return dir
}

async function closeConsumers(t: TestContext): Promise<void> {
  await Promise.all((consumers.get(t) ?? []).map((consumer) => consumer.close()))
}

export interface TestConsumer {
  readonly consumer: Consumer
  readonly diagnostics: Diagnostic[]
}

/** A quiet consumer with quick retries, closed at the end of the test. */
export function makeConsumer(t: TestContext, options: ConsumerOptions): TestConsumer {
  const diagnostics: Diagnostic[] = []
  const consumer = createConsumer({
    retry: { first: 5, most: 20 },
    stopTimeout: 2000,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  })
  if (!consumers.has(t)) {
    consumers.set(t, [])
    t.after(() => closeConsumers(t))
  }
  consumers.get(t)?.push(consumer)
  return { consumer, diagnostics }
}
