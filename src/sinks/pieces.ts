import type { ConsumedRecord } from '../consume/record.ts'
import type { WriteResult } from '../consume/sink.ts'
import { LogflumeError, toError } from '../errors.ts'

export interface PieceLimits {
  readonly bytes: number
  readonly records: number
}

/** Whole entries in their order; one that is too large by itself goes alone. */
export function cutPieces<T>(
  entries: readonly T[],
  sizeOf: (entry: T) => number,
  limits: PieceLimits,
): T[][] {
  const pieces: T[][] = []
  let piece: T[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = sizeOf(entry)
    if (piece.length > 0 && (piece.length >= limits.records || bytes + size > limits.bytes)) {
      pieces.push(piece)
      piece = []
      bytes = 0
    }
    piece.push(entry)
    bytes += size
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}

type Rejected = NonNullable<WriteResult['rejected']>[number]

/**
 * Sends one piece after the other. One that is refused for good, with an error that is not retryable, is
 * halved until what is at fault is alone; any other error ends it: what is left is to be written again.
 *
 * @param rejected what is rejected already.
 * @throws {LogflumeError} retryable, where nothing at all is settled.
 */
export async function writePieces<T extends { readonly record: ConsumedRecord }>(
  pieces: readonly (readonly T[])[],
  send: (piece: readonly T[]) => Promise<WriteResult | undefined>,
  rejected: readonly Rejected[] = [],
): Promise<WriteResult | undefined> {
  const todo = [...pieces]
  const retry: ConsumedRecord[] = []
  const dead = [...rejected]
  let error: Error | undefined
  let settled = dead.length > 0
  for (let piece = todo.shift(); piece !== undefined; piece = todo.shift()) {
    try {
      const result = await send(piece)
      settled = true
      retry.push(...(result?.retry ?? []))
      dead.push(...(result?.rejected ?? []))
      error ??= result?.error
    } catch (thrown) {
      const failure = asSinkError(thrown)
      if (failure.retryable) {
        if (!settled) throw failure
        error = failure
        retry.push(...[piece, ...todo].flatMap((rest) => rest.map(({ record }) => record)))
        break
      }
      if (piece.length > 1) todo.unshift(...halves(piece))
      else {
        settled = true
        dead.push(...piece.map(({ record }) => ({ record, error: failure })))
      }
    }
  }
  if (retry.length === 0 && dead.length === 0) return undefined
  return { retry, rejected: dead, ...(error && { error }) }
}

function asSinkError(thrown: unknown): LogflumeError {
  if (thrown instanceof LogflumeError) return thrown
  const error = toError(thrown)
  return new LogflumeError('SINK', error.message, { retryable: true, cause: error })
}

function halves<T>(all: readonly T[]): (readonly T[])[] {
  const middle = Math.ceil(all.length / 2)
  return [all.slice(0, middle), all.slice(middle)]
}
