export { pinoTransport as default, journalDestination } from './adapters/pino.ts'
export type { JournalDestination, PinoOptions, PinoTransport } from './adapters/pino.ts'
