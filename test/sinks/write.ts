import { setMaxListeners } from 'node:events'
import type { TestContext } from 'node:test'
import type { ConsumedRecord } from '../../src/consume/record.ts'
import type { Sink, WriteContext, WriteResult } from '../../src/consume/sink.ts'

/** What the consumer tells a sink when nothing is going on. */
export function writeContext(signal = new AbortController().signal): WriteContext {
  setMaxListeners(0, signal)
  return { signal, committed: undefined }
}

/** An open sink that is closed after the test. */
export async function openSink(t: TestContext, sink: Sink): Promise<Sink> {
  t.after(() => sink.close?.())
  await sink.open?.()
  return sink
}

export interface Outcome {
  readonly retry: readonly ConsumedRecord[]
  readonly error: Error | undefined
  readonly rejected: NonNullable<WriteResult['rejected']>
}

export async function write(
  sink: Sink,
  records: readonly ConsumedRecord[],
  context = writeContext(),
): Promise<Outcome> {
  const { retry = [], error, rejected = [] } = (await sink.write(records, context)) ?? {}
  return { retry, error, rejected }
}

/** As the consumer does it: what is to be written again is written again, until nothing is. */
export async function writeAll(
  sink: Sink,
  records: readonly ConsumedRecord[],
): Promise<NonNullable<WriteResult['rejected']>> {
  const rejected: NonNullable<WriteResult['rejected']>[number][] = []
  for (let todo = records; todo.length > 0;) {
    const outcome = await write(sink, todo).catch((error: unknown) => {
      if ((error as { retryable?: boolean }).retryable !== true) throw error
      return { retry: todo, rejected: [] }
    })
    rejected.push(...outcome.rejected)
    todo = outcome.retry
  }
  return rejected
}
