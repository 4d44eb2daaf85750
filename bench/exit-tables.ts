import { createRequire } from 'node:module'
import type { ExitCell, ExitLogger, ExitRow } from './exits.ts'
import type { ExitRun } from './exit-run.ts'
import { number, table } from './table.ts'

/** What one logger did while one of its sinks hung. */
export interface HungRow {
  readonly logger: ExitLogger
  readonly of: number
  readonly run: ExitRun
}

export interface ExitResults {
  readonly loggers: readonly ExitLogger[]
  readonly rows: readonly ExitRow[]
  /** By row, then by logger. */
  readonly cells: readonly (readonly ExitCell[])[]
  readonly hung: readonly HungRow[]
  readonly lines: number
  /** Milliseconds. */
  readonly blockFor: number
}

/** The tables for a terminal of 80 columns, and for a page. */
export function exitTables(results: ExitResults): { text: string; markdown: string } {
  const { loggers, hung } = results
  const rows = exitCells(results)
  const hungCells = hung.map(hungRow)
  const text = [
    ...versions(),
    '',
    ...intro(results),
    '',
    table([...headLines(['', 'of', ...loggers.map(({ short }) => short)]), ...rows], ' '),
    ...(hung.length === 0 ? [] : ['', ...hungIntro(hung), '', table([HUNG_HEAD, ...hungCells])]),
  ].join('\n')
  const markdown = [
    versions().join(' '),
    '',
    intro(results).join(' '),
    '',
    ...markdownTable(['', 'of', ...loggers.map(({ name }) => name)], rows),
    ...(hung.length === 0 ? [] : ['', hungIntro(hung).join(' '), '', ...markdownTable(HUNG_HEAD, hungCells)]),
    '',
  ].join('\n')
  return { text, markdown }
}

function intro({ lines, blockFor }: ExitResults): string[] {
  return [
    `${number(lines)} lines logged in one go, then the end: lines on disk.`,
    `A blocked event loop is blocked for ${number(blockFor / 1000)} s.`,
    '†: the process did not end as it does without a logger, or not at all.',
  ]
}

function exitCells({ rows, cells, lines }: ExitResults): string[][] {
  return rows.map((row, index) => [
    row.ending,
    String(lines + (row.more ?? 0)),
    ...(cells[index] ?? []).map((cell) => {
      return cell === undefined ? '-' : `${cell.lines}${cell.end === row.end ? '' : '†'}`
    }),
  ])
}

const HUNG_HEAD = ['sink hung', 'on disk', 'peak RSS', 'longest stall', 'exit took']

function hungIntro([first]: readonly HungRow[]): string[] {
  return [
    `${number(first?.of ?? 0)} lines at full speed, while a server takes connections and never`,
    'reads (for logflume the Kafka broker): lines on disk, memory, stall of the loop.',
  ]
}

function hungRow({ logger, run }: HungRow): string[] {
  const { report, end } = run
  return [
    logger.name,
    logger.name.endsWith('no file') ? '-' : `${number(run.lines)}${end === 0 ? '' : '†'}`,
    report?.peak === undefined ? '-' : `${number(report.peak / 1024)} MB`,
    report?.stall === undefined ? '-' : `${number(report.stall)} ms`,
    report === undefined ? '-' : `${number(run.exit)} ms`,
  ]
}

/** A line for each word, so that nine columns fit into a terminal. */
function headLines(names: readonly string[]): string[][] {
  const words = names.map((name) => name.split(' '))
  const height = Math.max(...words.map(({ length }) => length))
  return Array.from({ length: height }, (_, line) => words.map((one) => one[line] ?? ''))
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(row)]
}

function versions(): string[] {
  const require = createRequire(import.meta.url)
  const version = (name: string): string => (require(`${name}/package.json`) as { version: string }).version
  return [
    `Node ${process.versions.node}, ${process.platform} ${process.arch};`,
    ['logflume', 'pino', 'winston', 'bunyan', 'log4js'].map((name) => `${name} ${version(name)}`).join(', '),
  ]
}
