export { LogflumeTransport } from './adapters/winston.ts'
export type { LogflumeTransportOptions } from './adapters/winston.ts'
export type { QueryOptions } from './adapters/winston-query.ts'
