export { LogflumeTransport } from './adapters/winston.ts'
export type { LogflumeTransportOptions } from './adapters/winston.ts'
