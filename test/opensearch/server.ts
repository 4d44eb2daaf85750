import { after } from 'node:test'
import { ELASTICSEARCH, OPENSEARCH, startSearch, type Product, type SearchServer } from './start.ts'

const own = new Map<Product, Promise<SearchServer>>()

// Here and not where they start: called inside a test, `after` would stop them at the end of that test.
after(async () => {
  for (const start of own.values()) await (await start.catch(() => undefined))?.stop()
})

/** One for this process, started at the first call and stopped after its last test. */
export function useOpenSearch(): Promise<SearchServer> {
  return use(OPENSEARCH)
}

/** The same for Elasticsearch. */
export function useElasticsearch(): Promise<SearchServer> {
  return use(ELASTICSEARCH)
}

function use(product: Product): Promise<SearchServer> {
  const started = own.get(product) ?? startSearch(product)
  own.set(product, started)
  return started
}
