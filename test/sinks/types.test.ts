import { test } from 'node:test'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Client as Client9 } from '@elastic/elasticsearch'
import type { Client as OpenSearchClient } from '@opensearch-project/opensearch'
import type { Client as Client7 } from 'elasticsearch7'
import type { Client as Client8 } from 'elasticsearch8'
import { expectTypeOf } from 'expect-type'
import { http, kafka, type HttpOptions, type KafkaSinkOptions, type Sink } from '../../src/consumer.ts'
import { elasticsearch, type BulkClient, type ElasticsearchOptions } from '../../src/sinks/elasticsearch.ts'
import { s3, type ObjectClient, type S3Options } from '../../src/sinks/s3.ts'
import { zabbix, type ZabbixOptions, type ZabbixStats } from '../../src/sinks/zabbix.ts'

// Checked by `npm run types`: what users have fits into what the sinks want.
test('the types that users see', () => {
  expectTypeOf<OpenSearchClient>().toExtend<BulkClient>()
  expectTypeOf<Client7>().toExtend<BulkClient>()
  expectTypeOf<Client8>().toExtend<BulkClient>()
  expectTypeOf<Client9>().toExtend<BulkClient>()
  expectTypeOf<S3Client>().toExtend<ObjectClient>()
  expectTypeOf<S3Client>().not.toExtend<BulkClient>()

  expectTypeOf(elasticsearch).toEqualTypeOf<(options: ElasticsearchOptions) => Sink>()
  expectTypeOf(s3).toEqualTypeOf<(options: S3Options) => Sink>()
  expectTypeOf(kafka).toEqualTypeOf<(options: KafkaSinkOptions) => Sink>()
  expectTypeOf(http).toEqualTypeOf<(options: HttpOptions) => Sink>()
  expectTypeOf(zabbix).parameter(0).toEqualTypeOf<ZabbixOptions>()
  expectTypeOf<ReturnType<typeof zabbix>>().toExtend<Sink>()
  expectTypeOf<ReturnType<ReturnType<typeof zabbix>['stats']>>().toEqualTypeOf<ZabbixStats>()

  expectTypeOf<{ bucket: string }>().toExtend<S3Options>()
  expectTypeOf<{ node: string; auth: { apiKey: string } }>().toExtend<ElasticsearchOptions>()
  expectTypeOf<{ node: string; auth: { apikey: string } }>().not.toExtend<ElasticsearchOptions>()
  expectTypeOf<{ url: string; format: 'xml' }>().not.toExtend<HttpOptions>()
})
