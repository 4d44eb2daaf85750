export { elasticsearch } from './elasticsearch/sink.ts'
export type { BulkClient } from './elasticsearch/bulk-client.ts'
export type { ElasticsearchOptions, IndexTemplate } from './elasticsearch/sink.ts'
export type { HttpLogin } from './http-login.ts'
