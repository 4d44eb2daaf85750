import { refuse } from '../options.ts'
import type { ConsumedRecord } from './record.ts'
import { checkSink, type Sink, type WriteContext, type WriteResult } from './sink.ts'

export type Predicate = (record: ConsumedRecord) => boolean

/** A sink that is no other sinks' cover, and the records that are for it. */
export interface Route {
  readonly sink: Sink
  /** Undefined: all. */
  readonly accepts: Predicate | undefined
}

type Written = ReturnType<Sink['write']>

/** Only records for which the predicate is true go to the sink. One that it throws at is dead. */
export function when(predicate: (record: ConsumedRecord) => boolean, sink: Sink): Sink {
  if (typeof predicate !== 'function') refuse('when', 'a function', predicate)
  checkSink('when', sink)
  return new When(predicate, sink)
}

/**
 * Several sinks as one, as for `when` or `deadLetter`: each gets every record, with a buffer, tries and
 * refusals of its own, and the place moves when all have it.
 */
export function fanOut(...sinks: readonly Sink[]): Sink {
  if (sinks.length === 0) refuse('fanOut', 'at least one sink', sinks)
  sinks.forEach((sink, index) => checkSink(`fanOut[${index}]`, sink))
  return new FanOut(sinks)
}

/** What a sink comes down to: itself, or those behind `when` and `fanOut`. */
export function routesOf(sink: Sink): readonly Route[] {
  if (sink instanceof FanOut) return sink.sinks.flatMap(routesOf)
  if (!(sink instanceof When)) return [{ sink, accepts: undefined }]
  const { predicate } = sink
  return routesOf(sink.sink).map(({ sink: inner, accepts }) => ({
    sink: inner,
    accepts: accepts === undefined ? predicate : (record) => predicate(record) && accepts(record),
  }))
}

class When implements Sink {
  readonly predicate: Predicate
  readonly sink: Sink

  constructor(predicate: Predicate, sink: Sink) {
    this.predicate = predicate
    this.sink = sink
  }

  get name(): string {
    return this.sink.name
  }

  open(): void | Promise<void> {
    return this.sink.open?.()
  }

  write(records: readonly ConsumedRecord[], context: WriteContext): Written {
    const accepted = records.filter((record) => this.predicate(record))
    return accepted.length === 0 ? undefined : this.sink.write(accepted, context)
  }

  close(): void | Promise<void> {
    return this.sink.close?.()
  }
}

class FanOut implements Sink {
  readonly sinks: readonly Sink[]

  constructor(sinks: readonly Sink[]) {
    this.sinks = sinks
  }

  get name(): string {
    return this.sinks.map(({ name }) => name).join('+')
  }

  async open(): Promise<void> {
    await Promise.all(this.sinks.map(async (sink) => sink.open?.()))
  }

  async write(records: readonly ConsumedRecord[], context: WriteContext): Promise<WriteResult> {
    const results = await Promise.all(this.sinks.map(async (sink) => sink.write(records, context)))
    const error = results.find((result) => result?.error !== undefined)?.error
    return {
      retry: results.flatMap((result) => result?.retry ?? []),
      rejected: results.flatMap((result) => result?.rejected ?? []),
      error,
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.sinks.map(async (sink) => sink.close?.()))
  }
}
