export { journalStream } from './adapters/journal-stream.ts'
export type { JournalStream, JournalStreamOptions } from './adapters/journal-stream.ts'
export type { FieldNames, LineFormat } from './adapters/line-format.ts'
