import { shared } from '../shared-server.ts'
import { ELASTICSEARCH, OPENSEARCH, startSearch } from './start.ts'

/** One for this process, started at the first call and stopped after its last test. */
export const useOpenSearch = shared(() => startSearch(OPENSEARCH))

/** The same for Elasticsearch. */
export const useElasticsearch = shared(() => startSearch(ELASTICSEARCH))
