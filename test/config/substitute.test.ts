import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { substitute } from '../../src/config/substitute.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

const variables = {
  env: { HOME: '/srv', SIZE: '4096', EMPTY: '', ON: 'true', LONG: '12345678901234567890' },
  named: new Map<string, unknown>([
    ['home', '/var'],
    ['size', 17],
    ['digits', '17'],
    ['list', ['a']],
  ]),
}

const replaced = (text: string, isTyped = true): unknown => substitute('dir', text, isTyped, variables)

test('references are replaced by what they stand for', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['plain', 'plain'],
    ['${HOME}/logs', '/srv/logs'],
    ['#{home}/logs/${HOME}', '/var/logs//srv'],
    ['#{ENV.HOME}/logs', '/srv/logs'],
    ['${NONE:-/tmp}/logs', '/tmp/logs'],
    ['${EMPTY:-/tmp}', '/tmp'],
    ['a${EMPTY}b', 'ab'],
    ['#{none:-x}', 'x'],
    ['#{ENV.NONE:-}y', 'y'],
    ['$${HOME} ##{home}', '${HOME} #{home}'],
    ['50% $HOME # {home}', '50% $HOME # {home}'],
    ['#{size} MB', '17 MB'],
  ]
  for (const [text, expected] of cases) assert.deepEqual(replaced(text), expected, text)
})

test('nothing but one reference becomes what it says, and stays a text where texts are asked for', () => {
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['${SIZE}', 4096, '4096'],
    ['${ON}', true, 'true'],
    ['${EMPTY}', null, ''],
    ['${NONE:-false}', false, 'false'],
    ['${LONG}', '12345678901234567890', '12345678901234567890'],
    ['${NONE:-1.5}', 1.5, '1.5'],
    ['${NONE:-007}', '007', '007'],
    ['#{size}', 17, 17],
    ['#{list}', ['a'], ['a']],
  ]
  for (const [text, typed, untyped] of cases)
    assert.deepEqual([replaced(text), replaced(text, false)], [typed, untyped], text)
})

test('what is not there is refused by name', () => {
  const refused = (text: string, message: RegExp): void =>
    assert.throws(() => replaced(text), { code: 'INVALID_OPTION', option: 'dir', message })
  refused('${NONE}', /^dir: the environment has no NONE$/)
  refused('#{ENV.NONE}', /^dir: the environment has no NONE$/)
  refused('a#{none}', /^dir: there is no variable none; there are digits, home, list, size$/)
  refused('${file:/nowhere/at/all}', /^dir: its file cannot be read: ENOENT/)
})

test('a file stands for its text, without the last line end', async (t) => {
  const file = join(await temporaryDirectory(t), 'password')
  await writeFile(file, 'secret\n')
  assert.equal(replaced(`\${file:${file}}`), 'secret')
})
