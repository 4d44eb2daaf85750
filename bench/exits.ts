import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import PQueue from 'p-queue'
import type { Report } from './bench.ts'
import { PROGRAMS, runExit, type ExitRun } from './exit-run.ts'
import { exitTables, type HungRow } from './exit-tables.ts'
import { LAST_LINES, type Ending } from './exits/program.ts'
import { progress } from './rounds.ts'

export interface ExitLogger {
  readonly name: string
  /** The name in words of five letters at most, for a narrow column. */
  readonly short: string
  /** In `bench/exits`. */
  readonly script: string
  readonly way?: string
  readonly ours?: true
  /** Has a thread that works for it. */
  readonly hasWorker?: true
}

export const exitLoggers: readonly ExitLogger[] = [
  { name: 'logflume', short: 'log- flume', script: 'logflume', ours: true, hasWorker: true },
  { name: 'logflume/pino', short: 'log- flume /pino', script: 'logflume-pino', ours: true, hasWorker: true },
  {
    name: 'logflume/winston',
    short: 'log- flume /win- ston',
    script: 'logflume-winston',
    ours: true,
    hasWorker: true,
  },
  { name: 'pino worker', short: 'pino work- er', script: 'pino', way: 'worker', hasWorker: true },
  { name: 'pino async', short: 'pino async', script: 'pino', way: 'async' },
  { name: 'pino sync', short: 'pino sync', script: 'pino', way: 'sync' },
  { name: 'winston', short: 'win- ston', script: 'winston' },
  { name: 'bunyan', short: 'bun- yan', script: 'bunyan' },
  { name: 'log4js', short: 'log4 js', script: 'log4js' },
]

/** Beside the others, for the hung sink only: pino as most use it who have no file. */
const PINO_ONLY_HUNG: ExitLogger = {
  name: 'pino worker, no file',
  short: '',
  script: 'pino',
  way: 'worker, only hung',
}

export interface ExitRow {
  readonly ending: Ending
  /** What Node's parent sees of the same program without a logger. */
  readonly end: number | NodeJS.Signals
  /** Lines logged besides the thousand. */
  readonly more?: number
  /** Lines at the end that may be missing: those of the last tick, where nothing could have kept them. */
  readonly mayLose?: number
}

const LINES = 1000

export const exitRows: readonly ExitRow[] = [
  { ending: 'process.exit', end: 3 },
  { ending: 'natural end', end: 0 },
  { ending: 'uncaught exception', end: 1 },
  { ending: 'unhandled rejection', end: 1 },
  { ending: 'SIGTERM', end: 'SIGTERM' },
  { ending: 'SIGINT', end: 'SIGINT' },
  { ending: 'SIGHUP', end: 'SIGHUP' },
  { ending: 'SIGTERM, handler', end: 7, more: LAST_LINES },
  { ending: 'SIGINT, handler', end: 7, more: LAST_LINES },
  { ending: 'SIGHUP, handler', end: 7, more: LAST_LINES },
  { ending: 'SIGTERM, blocked', end: 'SIGTERM' },
  { ending: 'kill -9, same tick', end: 'SIGKILL', mayLose: LINES },
  { ending: 'kill -9, next tick', end: 'SIGKILL', more: LAST_LINES, mayLose: LAST_LINES },
  { ending: 'kill -9, 10 ms on', end: 'SIGKILL' },
  { ending: 'worker dead', end: 0 },
]

export interface ExitOptions {
  /** An empty directory on the disk in question. */
  readonly dir: string
  /** Less of what takes long. */
  readonly quick?: boolean
  readonly loggers?: readonly ExitLogger[]
  readonly rows?: readonly ExitRow[]
  /** Whether the hung sinks are tried as well. @default true */
  readonly hung?: boolean
}

export interface ExitReport extends Report {
  /** The same tables for a page. */
  readonly markdown: string
}

/** What one logger left of one row; undefined where the row does not concern it. */
export type ExitCell = ExitRun | undefined

/** How many lines each logger keeps through each way in which a process can end. */
export async function benchExits(options: ExitOptions): Promise<ExitReport> {
  const { dir, quick = false, loggers = exitLoggers, rows = exitRows, hung = true } = options
  const blockFor = quick ? 2_000 : 10_000
  const queue = new PQueue({ concurrency: 2 })
  const cells = await Promise.all(
    rows.map((row) =>
      Promise.all(
        loggers.map((logger) =>
          queue.add(async (): Promise<ExitCell> => {
            const { ending } = row
            if (ending === 'worker dead' && logger.hasWorker !== true) return undefined
            progress(`${ending}: ${logger.name}`)
            return runExit(logger.script, { ending, lines: LINES, blockFor, way: logger.way }, dir)
          }),
        ),
      ),
    ),
  )
  const hungRows = hung ? await runHung(loggers, dir, quick ? 20_000 : 200_000) : []
  progress('')
  const failures = [
    ...rows.flatMap((row, index) =>
      loggers.flatMap((logger, at) => wrongCell(row, logger, cells[index]?.[at])),
    ),
    ...hungRows.flatMap(wrongHungRow),
  ]
  const { text, markdown } = exitTables({ loggers, rows, cells, hung: hungRows, lines: LINES, blockFor })
  const page = join(PROGRAMS, 'exits.md')
  await writeFile(page, markdown)
  return { text: `${text}\n\nas Markdown: ${relative(process.cwd(), page)}`, markdown, failures }
}

/** One after the other, since time is looked at. */
async function runHung(loggers: readonly ExitLogger[], dir: string, lines: number): Promise<HungRow[]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  server.on('connection', (socket) => socket.on('error', () => undefined))
  const results: HungRow[] = []
  const all = loggers.flatMap((one) => (one.way === 'worker' ? [one, PINO_ONLY_HUNG] : [one]))
  try {
    for (const logger of all) {
      progress(`hung sink: ${logger.name}`)
      const input = { ending: 'hung sink', lines, blockFor: 0, way: logger.way, hungPort: port } as const
      results.push({ logger, of: lines, run: await runExit(logger.script, input, dir) })
    }
  } finally {
    server.close()
  }
  return results
}

function wrongCell(row: ExitRow, logger: ExitLogger, run: ExitCell): string[] {
  if (logger.ours !== true || run === undefined) return []
  const of = LINES + (row.more ?? 0)
  const what = `exits, ${row.ending}, ${logger.name}`
  const isWhole = run.wrong === 0 || row.end === 'SIGKILL' // which may come in the middle of a line
  return [
    ...(run.lines < of - (row.mayLose ?? 0) ? [`${what}: ${run.lines} of ${of} lines on disk`] : []),
    ...(isWhole ? [] : [`${what}: ${run.wrong} lines torn or out of order`]),
    ...(run.end === row.end ? [] : [`${what}: ended with ${run.end}, not ${row.end}: ${run.stderr}`]),
  ]
}

function wrongHungRow({ logger, of, run }: HungRow): string[] {
  if (logger.ours !== true || (run.lines === of && run.wrong === 0 && run.end === 0)) return []
  const found = `${run.lines} of ${of} lines on disk, ${run.wrong} wrong`
  return [`exits, hung sink, ${logger.name}: ${found}, ended with ${run.end}: ${run.stderr}`]
}
