import { join } from 'node:path'
import type { ModuleCount } from './messages.ts'
import { number, type FirstLife, type ShopCounts } from './progress.ts'
import { cut } from './screen.ts'
import type { TextFile, Verdict } from './verify.ts'

/** All that is known in the end. */
export interface Outcome {
  /** What `forwarded` is: in Kafka, or on disk. */
  readonly forwarded: string
  readonly shop: ShopCounts
  readonly firstLife: FirstLife
  readonly verdict: Verdict
  /** As the consumer counted, by `log.logger`. */
  readonly modules: ReadonlyMap<string, ModuleCount>
  /** Milliseconds from the log call until the line is in its file. */
  readonly latency: { readonly p50: number | undefined; readonly p99: number | undefined }
  readonly requests: { readonly served: number; readonly failed: number; readonly unanswered: number }
  readonly dir: string
  readonly files: readonly TextFile[]
}

/** Whether every line that was on disk is in the files, once, and the counters say the same. */
export function isComplete({ shop, firstLife, verdict }: Outcome): boolean {
  const { onDisk, missing, twice, unknown } = verdict
  const { written, forwarded, pending, lost } = shop
  const linesAreRight = missing.length === 0 && twice.length === 0 && unknown.length === 0
  const countsAreRight = forwarded === onDisk && pending === 0 && lost === firstLife.gone
  return linesAreRight && countsAreRight && written === forwarded + pending + lost
}

export function summary(outcome: Outcome): string {
  return [
    ...counters(outcome),
    '',
    ...comparison(outcome.verdict),
    '',
    ...lookAround(outcome),
    '',
    isComplete(outcome)
      ? 'Nothing that was on disk is missing, and nothing is there twice.'
      : 'This is not as it should be.',
  ].join('\n')
}

function counters({ forwarded, shop, firstLife }: Outcome): string[] {
  return [
    'What the counters say',
    entry('written by log calls', shop.written),
    entry(`= ${forwarded}`, shop.forwarded),
    entry('+ pending', shop.pending),
    entry('+ lost', shop.lost),
    entry('  in memory at kill -9, and not yet on disk', firstLife.gone),
  ]
}

function comparison({ onDisk, inFiles, missing, twice, unknown }: Verdict): string[] {
  return [
    'What the lines themselves say, read at both ends',
    entry('in the journal on disk', onDisk),
    entry('in the daily files', inFiles),
    entry('missing there', missing.length),
    entry('there twice', twice.length),
    ...(unknown.length === 0 ? [] : [entry('there, and not in the journal', unknown.length)]),
    ...[...missing, ...twice, ...unknown].slice(0, 3).map((line) => cut(`    ${line}`)),
  ]
}

function lookAround({ modules, latency, requests, dir, files }: Outcome): string[] {
  const shown = files.find(({ path }) => path.includes('orders')) ?? files[0]
  return [
    'What the consumer counted',
    ...[...modules]
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, { lines, errors }]) => entry(name, lines, errors > 0 ? `${number(errors)} errors` : '')),
    '',
    `Requests: ${number(requests.served)} served, ${number(requests.failed)} failed, ` +
      `${number(requests.unanswered)} unanswered, the shop being dead.`,
    `From log call to file: half within ${number(latency.p50)} ms, 99 of 100 within ${number(latency.p99)} ms.`,
    '',
    `The files are in ${dir}`,
    '  logs/shop.log        what the shop logged: a link to the newest segment',
    `  daily/               ${files.length} files, one for each module and day`,
    ...(shown === undefined ? [] : ['', `  ${join('daily', shown.path)}`]),
    ...(shown?.lines.slice(0, 2) ?? []).map((line) => cut(`  ${line}`)),
  ]
}

function entry(name: string, value: number | undefined, note = ''): string {
  return `  ${name.padEnd(54)}${number(value).padStart(8)} ${note}`.trimEnd()
}
