import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readDailyFiles, readJournal, verify } from '../../examples/demo/verify.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

/** Two segments with 40 lines, and the daily files made of them. */
async function logAndFiles(t: TestContext) {
  const dir = await temporaryDirectory(t)
  const [logs, daily] = [join(dir, 'logs'), join(dir, 'daily')]
  await mkdir(logs)
  await mkdir(join(daily, 'shop'), { recursive: true })
  const lines = Array.from({ length: 40 }, (_, index) => JSON.stringify({ message: `line ${index} ü` }))
  const segment = (ordinal: number): string => `shop.0.${String(ordinal).padStart(15, '0')}.20261121.log`
  await writeFile(join(logs, segment(0)), text(lines.slice(0, 25)))
  await writeFile(join(logs, segment(25)), text(lines.slice(25)))
  await symlink(segment(25), join(logs, 'shop.log'))
  const odd = join(daily, 'shop', 'odd')
  const even = join(daily, 'shop', 'even')
  await writeFile(odd, text(lines.filter((_, index) => index % 2 === 1)))
  await writeFile(even, text(lines.filter((_, index) => index % 2 === 0)))
  return {
    lines,
    odd,
    even,
    lastSegment: join(logs, segment(25)),
    verify: async () => verify(await readJournal(logs, 'shop'), await readDailyFiles(daily)),
  }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

test('files that have each line once are complete, in whatever order', async (t) => {
  const { verify } = await logAndFiles(t)
  assert.deepEqual(await verify(), { onDisk: 40, inFiles: 40, missing: [], twice: [], unknown: [] })
})

test('a line that was taken out of a daily file is missing', async (t) => {
  const { lines, odd, verify } = await logAndFiles(t)
  const all = await readFile(odd, 'utf8')
  await writeFile(odd, all.replace(`${lines[7]}\n`, ''))
  assert.deepEqual(await verify(), { onDisk: 40, inFiles: 39, missing: [lines[7]], twice: [], unknown: [] })
})

test('a line that is in two files, and one that is twice in one, are there twice', async (t) => {
  const { lines, odd, even, verify } = await logAndFiles(t)
  await appendFile(even, text([lines[7]!]))
  await appendFile(odd, text([lines[9]!]))
  const { inFiles, missing, twice } = await verify()
  assert.deepEqual({ inFiles, missing, twice }, { inFiles: 42, missing: [], twice: [lines[7], lines[9]] })
})

test('a line that was changed is missing, and another is unknown', async (t) => {
  const { lines, odd, verify } = await logAndFiles(t)
  const all = await readFile(odd, 'utf8')
  await writeFile(odd, all.replace('line 7 ', 'line 8 '))
  const { inFiles, missing, twice, unknown } = await verify()
  assert.deepEqual(
    { inFiles, missing, twice, unknown },
    { inFiles: 40, missing: [lines[7]], twice: [lines[8]], unknown: [] },
  )
  await writeFile(odd, all.replace('line 7 ', 'line x '))
  assert.deepEqual((await verify()).unknown, ['{"message":"line x ü"}'])
})

test('lines that were logged twice have to be there twice', async (t) => {
  const { lines, odd, lastSegment, verify } = await logAndFiles(t)
  await appendFile(lastSegment, text([lines[7]!]))
  assert.deepEqual((await verify()).missing, [lines[7]])
  await appendFile(odd, text([lines[7]!]))
  assert.deepEqual(await verify(), { onDisk: 41, inFiles: 41, missing: [], twice: [], unknown: [] })
})

test('the half line at the end of a killed journal is no line', async (t) => {
  const { lastSegment, verify } = await logAndFiles(t)
  await appendFile(lastSegment, '{"message":"li')
  assert.deepEqual(await verify(), { onDisk: 40, inFiles: 40, missing: [], twice: [], unknown: [] })
})
