import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fileNamePart } from '../../src/sinks/file-name.ts'

const table: readonly (readonly [string, string])[] = [
  ['shop', 'shop'],
  ['shop::db', 'shop~db'],
  ['shop::db::pool', 'shop~db~pool'],
  ['Größe und Läufe 日本', 'Größe und Läufe 日本'],
  ['a.b-c_d+e', 'a.b-c_d+e'],
  ['', 'unknown'],
  ['..', '%2E%2E'],
  ['.', '%2E'],
  ['.hidden', '%2Ehidden'],
  ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd'],
  ['/etc/passwd', '%2Fetc%2Fpasswd'],
  ['C:\\Windows', 'C%3A%5CWindows'],
  ['a\0b', 'a%00b'],
  ['a\nb', 'a%0Ab'],
  ['100%', '100%25'],
  ['~', '%7E'],
  ['-rf', '%2Drf'],
  ['end.', 'end%2E'],
  ['nul', '%6Eul'],
  ['COM1.txt', '%43OM1.txt'],
  ['nullable', 'nullable'],
  ['a\u202eb', 'a%E2%80%AEb'],
  ['\ud800', '%uD800'],
]

for (const [value, name] of table) {
  test(`${JSON.stringify(value)} is called ${name}`, () => {
    assert.equal(fileNamePart(value, 200), name)
  })
}

const nasty = fc.constantFrom(
  '/',
  '\\',
  '..',
  '.',
  '\0',
  '::',
  ':',
  '~',
  '%',
  '%2E',
  '\n',
  ' ',
  '-',
  'nul',
  'é',
  '😀',
  '\ud83d',
)
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.oneof(nasty, fc.string({ maxLength: 5 })), { maxLength: 60 }).map((parts) => parts.join('')),
)

test('no value leads anywhere else, is illegal, or too long', () => {
  fc.assert(
    fc.property(value, (text) => {
      const name = fileNamePart(text, 100)
      assert.ok(Buffer.byteLength(name) <= 100 && name.length > 0)
      assert.doesNotMatch(name, /[/\\:*?"<>|\u0000-\u001f\u007f]/)
      assert.doesNotMatch(name, /^[. -]|[. ]$/)
      assert.equal(Buffer.from(name).toString(), name, 'is the same after a way through UTF-8')
    }),
    { numRuns: 3000 },
  )
})

test('different values have different names', () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      // Only nothing at all is called unknown like the value `unknown`.
      fc.pre(one !== other && one !== '' && other !== '')
      assert.notEqual(fileNamePart(one, 100), fileNamePart(other, 100))
    }),
    { numRuns: 3000 },
  )
  const long = 'x'.repeat(500)
  assert.notEqual(fileNamePart(`${long}a`, 100), fileNamePart(`${long}b`, 100))
})
