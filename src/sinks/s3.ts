export { s3 } from './s3/sink.ts'
export type { ObjectClient } from './s3/object-store.ts'
export type { S3Credentials, S3Options } from './s3/sink.ts'
