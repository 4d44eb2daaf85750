import type { LogRecord } from '../log-record.ts'

/**
 * Makes the text of a record, its line end included. Called while the log call lasts. What it throws is told
 * to `onDiagnostic`, and the record is written as the journal has it.
 */
export type Formatter = (record: LogRecord) => string
