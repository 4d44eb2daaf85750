import assert from 'node:assert/strict'
import type { Diagnostic } from '../../src/diagnostics.ts'
import type { Outputter } from '../../src/logger/outputters/outputter.ts'
import { createRootLogger } from '../../src/logger/tree.ts'
import type { Lifecycle } from '../../src/logger/lifecycle.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { readLoggerOptions, type LoggerOptions } from '../../src/logger/options.ts'
import { OptionReader } from '../../src/options.ts'
import type { Fields } from '../../src/record.ts'

export interface Captured<L extends string> {
  readonly log: Logger<L>
  /** The lines so far, each with its '\n'. */
  readonly lines: readonly string[]
  /** How often the writer was flushed, as of each number of lines. */
  readonly flushedAt: readonly number[]
  readonly diagnostics: readonly Diagnostic[]
  /** The last line, taken apart; it has been checked to be one line of JSON that names each key once. */
  readonly last: () => Fields
}

export interface CaptureOptions<L extends string> extends Partial<LoggerOptions<L>> {
  readonly now?: () => number
  readonly lifecycle?: Partial<Lifecycle>
  readonly outputters?: readonly Outputter[]
}

/** A logger `shop` of level trace whose lines stay in memory. */
export function capture<L extends string = never>(options: CaptureOptions<L> = {}): Captured<L> {
  const { now, lifecycle = {}, outputters = [], ...others } = options
  const diagnostics: Diagnostic[] = []
  const lines: string[] = []
  const flushedAt: number[] = []
  const settings = readLoggerOptions(new OptionReader('options', { name: 'shop', level: 'trace', ...others }))
  const log = createRootLogger<L>(now === undefined ? settings : { ...settings, now }, {
    writer: { append: (line) => void lines.push(line), flushSync: () => void flushedAt.push(lines.length) },
    lifecycle: lifecycle as Lifecycle,
    outputters,
    diagnose: (diagnostic) => void diagnostics.push(diagnostic),
  })
  return { log, lines, flushedAt, diagnostics, last: () => parseLine(lines.at(-1)) }
}

/** Takes a line apart. Fails where it is not one line of JSON, or names a key twice. */
export function parseLine(line: string | undefined): Fields {
  assert.ok(line !== undefined, 'no line was made')
  assert.equal(line.search(/[\n\u2028\u2029]/), line.length - 1, 'one line, ended by its only line break')
  assert.equal(Buffer.from(line).toString(), line, 'valid UTF-8')
  const record = JSON.parse(line) as Fields
  const keys = topLevelKeys(line)
  assert.deepEqual(keys.toSorted(), Object.keys(record).toSorted(), 'each key once')
  return record
}

/** The keys of an object as its JSON text has them, repeated ones too. */
export function topLevelKeys(json: string): string[] {
  const keys: string[] = []
  let depth = 0
  for (const [token, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(:?)|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && colon === ':') keys.push(JSON.parse(token.slice(0, -1)) as string)
  }
  return keys
}
