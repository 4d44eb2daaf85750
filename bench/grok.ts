import type { Report } from './bench.ts'
import type { GrokInput, GrokRun } from './cases/grok.ts'
import { interleave, ratios, spread } from './rounds.ts'
import { runCase } from './run-case.ts'
import { cells, number, table } from './table.ts'

interface GrokCase {
  readonly name: string
  readonly way: GrokInput['way']
}

const peer: GrokCase = { name: 'RegExp in a function', way: 'function' }
const cases: readonly GrokCase[] = [
  { name: 'grok, COMBINEDAPACHELOG', way: 'combined' },
  { name: 'grok, own pattern', way: 'own' },
  { name: 'regex', way: 'regex' },
  { name: 'dissect', way: 'dissect' },
  peer,
  { name: 'the record alone', way: 'record' },
]

export interface GrokBenchOptions {
  readonly rounds: number
  readonly records: number
  readonly warmup: number
}

/** Access lines of nginx taken apart by grok, beside a regular expression written by hand. */
export async function benchGrok({ rounds, records, warmup }: GrokBenchOptions): Promise<Report> {
  const runs = await interleave(cases, rounds, ({ way }) =>
    runCase<GrokRun>('grok', { way, records, warmup } satisfies GrokInput),
  )
  const peers = runs[cases.indexOf(peer)]!.map(({ thread }) => thread / records)
  const rows = cases.map(({ name }, index) => {
    const thread = runs[index]!.map((run) => run.thread / records)
    return [name, ...cells(spread(thread), 2), ...cells(spread(ratios(thread, peers)), 2)]
  })
  const text = [
    `An access line of nginx to 11 fields; ${number(records)} records a run, ${rounds} rounds.`,
    'CPU of the thread in µs a record; median, least–most.',
    '',
    table([['', 'µs', 'a record', '×', 'by hand'], ...rows]),
  ].join('\n')
  return { text, failures: cases.flatMap((one, index) => wrongCounts(one, runs[index]!, records)) }
}

export function wrongCounts({ name, way }: GrokCase, runs: readonly GrokRun[], records: number): string[] {
  if (way === 'record') return [] // which reads nothing
  return runs.flatMap(({ right }, round) =>
    right === records ? [] : [`grok, ${name}, round ${round + 1}: ${right} of ${records} records read right`],
  )
}
