/** Every way in which logflume itself reports trouble; stable, so that code may compare with it. */
export type ErrorCode =
  /** An option has a wrong value; the message names option, expectation, value. */
  | 'INVALID_OPTION'
  /** A logger, a consumer or a queue was used after `close()`. */
  | 'CLOSED'
  /** A journal could not be opened, claimed or written. */
  | 'JOURNAL'
  /** Bytes on disk are not what they should be (a torn checkpoint, a segment with holes). */
  | 'CORRUPT'
  /** Kafka refused, or could not be reached; `retryable` says which of the two. */
  | 'KAFKA'
  /** A transform or a sink threw. */
  | 'SINK'
  /** Something did not happen within its time. */
  | 'TIMEOUT'

export interface LogflumeErrorOptions {
  readonly cause?: unknown
  /** Whether trying the same again may help. @default false */
  readonly retryable?: boolean
  /** The option that was refused, as in `kafka.brokers`. */
  readonly option?: string | undefined
}

/** The one error class of the package. */
export class LogflumeError extends Error {
  override readonly name = 'LogflumeError'
  readonly code: ErrorCode
  readonly retryable: boolean
  /** The option that was refused, as in `kafka.brokers`, where `code` is `INVALID_OPTION`. */
  readonly option: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    { cause, retryable = false, option }: LogflumeErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = retryable
    this.option = option
  }
}

/** Whatever was thrown, as an Error: JavaScript may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
