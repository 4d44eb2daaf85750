import { OPENSEARCH, startSearch } from '../test/opensearch/start.ts'
import type { Report, Surroundings } from './bench.ts'
import type { SearchInput, SearchResult } from './cases/search-logflume.ts'
import { fillTopic } from './consume.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'
import { FreshTopic } from './topics.ts'

const peer = { name: "kafkajs, the client's bulk helper", script: 'search-helper' }
const cases = [{ name: 'logflume', script: 'search-logflume' }, peer]

export interface SearchOptions extends Surroundings {
  readonly records: number
}

interface SearchRun extends SearchResult {
  /** Seconds from the start of the process until OpenSearch has answered for all. */
  readonly wall: number
  /** That OpenSearch has. */
  readonly documents: number
}

/** From a topic to OpenSearch, beside what an application would write with the client of OpenSearch. */
export async function benchSearch(options: SearchOptions): Promise<Report> {
  const { records, rounds, kafka } = options
  const topic = await FreshTopic.create(kafka, { partitions: 4 })
  const search = await startSearch(OPENSEARCH)
  try {
    await fillTopic(options, topic)
    let made = 0
    const runs = await interleave(cases, rounds, async ({ script }): Promise<SearchRun> => {
      const index = `${topic.name}-${made++}`
      const input: SearchInput = { ...topic.kafka, records, node: search.url, index }
      const begin = performance.now()
      const result = await runCase<SearchResult>(script, input)
      const wall = (performance.now() - begin) / 1000
      const documents = await countDocuments(search.url, index)
      await fetch(`${search.url}/${index}`, { method: 'DELETE' })
      return { ...result, wall, documents }
    })
    const text = [
      `${number(records)} records of 4 partitions to ${OPENSEARCH.title}, gzipped, ${rounds} rounds; medians,`,
      'least–most. From the start of the process until the last bulk is answered.',
      '',
      searchTable(runs, records),
    ].join('\n')
    return { text, failures: cases.flatMap(({ name }, index) => wrongCounts(name, runs[index]!, records)) }
  } finally {
    await search.stop()
    await topic.delete()
  }
}

async function countDocuments(url: string, index: string): Promise<number> {
  await fetch(`${url}/${index}/_refresh`, { method: 'POST' })
  const answer = await fetch(`${url}/${index}/_count`)
  return ((await answer.json()) as { count: number }).count
}

function searchTable(runs: readonly SearchRun[][], records: number): string {
  const other = runs[cases.indexOf(peer)]!
  const rows = cases.map(({ name }, index) => {
    const own = runs[index]!
    const rate = ({ wall }: SearchRun): number => records / 1000 / wall
    const cpu = ({ process }: SearchRun): number => process / records
    const versus = (figure: (one: SearchRun) => number): string =>
      number(spread(ratios(own.map(figure), other.map(figure))).median, 2)
    return [
      name,
      ...cells(spread(own.map(rate)), 1),
      versus(rate),
      ...cells(spread(own.map(cpu)), 1),
      versus(cpu),
    ]
  })
  return table([['', 'k/s', '', '×', 'CPU µs', 'a record', '×'], ...rows])
}

function wrongCounts(name: string, runs: readonly SearchRun[], records: number): string[] {
  return runs
    .filter(({ documents }) => documents !== records)
    .map(({ documents }) => `search, ${name}: ${documents} of ${records} documents`)
}
