import assert from 'node:assert/strict'
import type { Formatter } from '../../../src/logger/formatters/formatter.ts'
import type { LogRecord } from '../../../src/logger/log-record.ts'
import type { Logger } from '../../../src/logger/logger.ts'
import { defineOutputter } from '../../../src/logger/outputters/define-outputter.ts'
import { capture, type CaptureOptions } from '../capture.ts'

/** 2026-11-21 13:10:00.123 on the machine's clock. */
export const time = new Date(2026, 10, 21, 13, 10, 0, 123).getTime()

/** What a formatter makes of the calls that `act` makes. Fails where the formatter throws. */
export function formatted(
  formatter: Formatter,
  act: (log: Logger) => void,
  options: CaptureOptions<never> = {},
): string {
  let text = ''
  const outputter = defineOutputter({
    name: 'seen',
    formatter: (record) => ((text += formatter(record)), ''),
    write: () => undefined,
  })
  const { log, diagnostics } = capture({ now: () => time, outputters: [outputter], ...options })
  act(log)
  assert.deepEqual(diagnostics, [])
  return text
}

/** The records of the calls that `act` makes. */
export function records(act: (log: Logger) => void, options: CaptureOptions<never> = {}): LogRecord[] {
  const seen: LogRecord[] = []
  formatted((record) => (seen.push(record), ''), act, options)
  return seen
}
