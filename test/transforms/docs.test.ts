import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { runInThisContext } from 'node:vm'
import type { SyncTransform } from '../../src/transforms/step.ts'
import { csv } from '../../src/transforms/csv.ts'
import { date } from '../../src/transforms/date.ts'
import { dissect } from '../../src/transforms/dissect.ts'
import { grok } from '../../src/transforms/grok.ts'
import { json } from '../../src/transforms/json.ts'
import { kv } from '../../src/transforms/kv.ts'
import { mutate, type MutateOptions } from '../../src/transforms/mutate.ts'
import { prefix } from '../../src/transforms/prefix.ts'
import { regex } from '../../src/transforms/regex.ts'
import { after } from './run.ts'

// Each example in a table of docs/transforms.md does what its row says.

const page = readFileSync(new URL('../../docs/transforms.md', import.meta.url), 'utf8')
const transforms = { csv, dissect, grok, json, kv, prefix, regex }

/** The cells of the rows of a section, without back quotes. */
function rows(heading: string, columns: number): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(1, -1).split(/(?<!\\)\|/))
    .filter((cells) => cells.length === columns && cells.every((cell) => /^ `.*` $/.test(cell)))
    .map((cells) => cells.map((cell) => cell.trim().slice(1, -1).replaceAll('\\|', '|')))
}

function evaluate(code: string): unknown {
  const run = runInThisContext(`({ ${Object.keys(transforms).join(', ')} }) => (${code})`) as (
    all: object,
  ) => unknown
  return run(transforms)
}

for (const [heading, least] of [
  ['json, dissect', 11],
  ['grok', 5],
] as const) {
  test(`the examples of ${heading}`, () => {
    const examples = rows(heading, 3)
    assert.ok(examples.length >= least, `${examples.length} examples`)
    for (const [code = '', message = '', fields = ''] of examples) {
      const read = after(evaluate(code) as SyncTransform, { message }) as Record<string, unknown>
      const expected = JSON.parse(fields) as Record<string, unknown>
      assert.deepEqual(read, { message, ...expected }, code)
    }
  })
}

test('the examples of date', () => {
  const examples = rows('date', 3)
  assert.ok(examples.length >= 6)
  for (const [formats = '', timestamp = '', time] of examples) {
    const read = after(date({ formats }), { timestamp }) as Record<string, unknown>
    assert.equal(read['@timestamp'], time, formats)
  }
})

test('the examples of mutate', () => {
  const examples = rows('mutate', 4)
  assert.ok(examples.length >= 13)
  for (const [option = '', value = '', before = '', expected = ''] of examples) {
    const options = { [option]: evaluate(value) } as MutateOptions
    assert.deepEqual(after(mutate(options), JSON.parse(before) as object), JSON.parse(expected), option)
  }
})

test('each transform of the door is in the table', () => {
  const door = readFileSync(new URL('../../src/consumer.ts', import.meta.url), 'utf8')
  const names = [...door.matchAll(/^export \{ (\w+) \} from '.\/transforms\//gm)].map(([, name = '']) => name)
  assert.ok(names.length >= 16)
  const [table = ''] = page.split('## What all have')
  for (const name of names) assert.match(table, new RegExp(`^\\| .*\`${name}\``, 'm'), name)
})
