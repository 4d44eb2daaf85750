import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { journalDestination } from 'logflume/pino'
import { journalStream } from 'logflume/stream'
import { LogflumeTransport } from 'logflume/winston'
import { temporaryDirectory } from '../journal/open-journal.ts'

const doors: Readonly<Record<string, (options: unknown) => unknown>> = {
  journalDestination: (options) => journalDestination(options as never),
  journalStream: (options) => journalStream(options as never),
  LogflumeTransport: (options) => new LogflumeTransport(options as never),
}

const cycle: { self?: unknown } = {}
cycle.self = cycle

/** Wrong values that every door refuses, with what the message says after the option's name. */
const wrong: readonly (readonly [option: string, value: unknown, message: RegExp])[] = [
  ['name', undefined, /^name: expected a non-empty string, got undefined$/],
  ['name', '../shop', /^name: expected up to 100 letters.* got "\.\.\/shop" \(string\)$/],
  ['dir', '', /^dir: expected a non-empty string, got "" \(string\)$/],
  ['dir', 5, /^dir: expected a non-empty string, got 5 \(number\)$/],
  ['rotate', 'daily', /^rotate: expected an object, got "daily" \(string\)$/],
  ['rotate', { every: 'week' }, /^rotate\.every: expected one of .*, got "week" \(string\)$/],
  ['rotate', { maxBytes: '10m' }, /^rotate\.maxBytes: expected a whole number .*, got "10m" \(string\)$/],
  ['retain', { files: 7 }, /^retain\.files: no such option; there are /],
  ['retain', { days: -1 }, /^retain\.days: expected a whole number/],
  ['maxBufferBytes', Number.NaN, /^maxBufferBytes: expected a whole number/],
  ['flush', 'always', /^flush: expected one of /],
  ['kafka', {}, /^kafka\.brokers: expected /],
  ['kafka', { brokers: 'localhost:9092' }, /^kafka\.brokers: expected /],
  ['onDiagnostic', 'stderr', /^onDiagnostic: expected a function, got "stderr" \(string\)$/],
  ['endTimeout', 1.5, /^endTimeout: expected a whole number from 0 to 600000, got 1\.5 \(number\)$/],
  ['endTimeout', '2s', /^endTimeout: expected a whole number/],
  ['destination', 'app.log', /^destination: no such option; there are .*dir, endTimeout/],
]

const ofFormat = (unchanged: string): typeof wrong => [
  ['format', 'json', new RegExp(`^format: expected '${unchanged}', 'ecs' or an object of names, got "json"`)],
  ['format', ['ecs'], /^format: expected .*, got \["ecs"\] \(array\)$/],
  ['format', 5, /^format: expected .*, got 5 \(number\)$/],
  [
    'format',
    { level: 5 },
    /^format\.level: expected a name, or false to leave the field out, got 5 \(number\)$/,
  ],
  ['format', { level: '' }, /^format\.level: expected a name/],
  ['format', { level: true }, /^format\.level: expected a name/],
  ['format', { level: cycle }, /^format\.level: .* got what cannot be looked at \(object\)$/],
]

const own: Readonly<Record<string, typeof wrong>> = {
  journalDestination: ofFormat('pino'),
  journalStream: [
    ...ofFormat('unchanged'),
    ['raw', 'yes', /^raw: expected true or false, got "yes" \(string\)$/],
  ],
  LogflumeTransport: [
    ['level', 3, /^level: expected a non-empty string, got 3 \(number\)$/],
    ['format', 'json', /^format: expected a format, as winston's/],
    ['silent', 1, /^silent: expected true or false/],
    ['handleExceptions', 'yes', /^handleExceptions: expected true or false/],
    ['handleRejections', 'yes', /^handleRejections: expected true or false/],
    ['base', 'text', /^base: expected an object of fields/],
    ['maxLineBytes', 1, /^maxLineBytes: expected a whole number from 4096/],
  ],
}

for (const [door, open] of Object.entries(doors)) {
  test(`${door}: a wrong value of any option is refused by its name, and opens nothing`, async (t) => {
    const dir = await temporaryDirectory(t)
    for (const [option, value, message] of [...wrong, ...(own[door] ?? [])]) {
      const options = { name: 'shop', dir, [option]: value }
      assert.throws(() => open(options), { name: 'LogflumeError', code: 'INVALID_OPTION', message })
    }
    for (const options of [undefined, null, 5, 'shop', [], () => undefined])
      assert.throws(() => open(options), {
        name: 'LogflumeError',
        message: /^options: expected an object, got/,
      })
    assert.deepEqual(await readdir(dir), [])
  })
}
