import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { AppendFiles, type AppendFilesOptions } from '../../src/sinks/append-files.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

function makeFiles(t: TestContext, options: Partial<AppendFilesOptions> = {}): AppendFiles {
  const files = new AppendFiles({ maxOpen: 64, idleTimeout: 60_000, fsync: false, ...options })
  t.after(() => files.close())
  return files
}

function batch(texts: Readonly<Record<string, string>>): Map<string, Buffer> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]))
}

/** Lets this process write files of at most so many bytes, as a full disk does. */
function limitFileSize(t: TestContext, bytes: number): () => void {
  const set = (limit: string): void =>
    void execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${limit}:`])
  const lift = (): void => set('unlimited')
  t.after(lift)
  set(String(bytes))
  return lift
}

async function openDescriptors(dir: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link.startsWith(dir)).length
}

test('batches are appended, in directories that are made', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t, { fsync: true })
  const [a, b] = [join(dir, 'x/y/a'), join(dir, 'b')]
  await files.append(batch({ [a]: '1\n', [b]: '2\n' }))
  await Promise.all([files.append(batch({ [a]: '3\n' })), files.append(batch({ [a]: '4\n' }))])
  assert.equal(await readFile(a, 'utf8'), '1\n3\n4\n')
  assert.equal(await readFile(b, 'utf8'), '2\n')
})

test('however many files a batch has, few are open', async (t) => {
  const dir = await temporaryDirectory(t)
  for (const maxOpen of [1, 3, 10]) {
    const files = makeFiles(t, { maxOpen })
    const paths = Array.from({ length: 50 }, (_, index) => join(dir, `${maxOpen}-${index}`))
    let most = 0
    const watching = setInterval(() => (most = Math.max(most, files.open)), 0)
    for (let round = 0; round < 3; round++)
      await files.append(batch(Object.fromEntries(paths.map((path) => [path, `${round}\n`]))))
    clearInterval(watching)
    assert.ok(most <= maxOpen, `${most} of ${maxOpen}`)
    assert.equal(await openDescriptors(join(dir, `${maxOpen}-`)), maxOpen)
    for (const path of paths) assert.equal(await readFile(path, 'utf8'), '0\n1\n2\n')
    await files.close()
    assert.equal(await openDescriptors(dir), 0)
  }
})

test('a file that nobody writes to is closed after a while', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t, { idleTimeout: 20 })
  await files.append(batch({ [join(dir, 'a')]: '1\n' }))
  assert.equal(files.open, 1)
  for (let open = files.open; open > 0; open = files.open) await setTimeout(10)
  await files.append(batch({ [join(dir, 'a')]: '2\n' }))
  assert.equal(await readFile(join(dir, 'a'), 'utf8'), '1\n2\n')
})

test('a file that was removed is made again, a renamed one is left alone, and so are directories', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t)
  const path = join(dir, 'day/a')
  const write = (text: string): Promise<void> => files.append(batch({ [path]: text }))
  await write('1\n')
  await rm(path)
  await write('2\n')
  assert.equal(await readFile(path, 'utf8'), '2\n')
  await rename(path, `${path}.old`)
  await write('3\n')
  assert.equal(await readFile(`${path}.old`, 'utf8'), '2\n')
  assert.equal(await readFile(path, 'utf8'), '3\n')
  await rename(join(dir, 'day'), join(dir, 'yesterday'))
  await write('4\n')
  assert.equal(await readFile(join(dir, 'yesterday/a'), 'utf8'), '3\n')
  assert.equal(await readFile(path, 'utf8'), '4\n')
  await rm(join(dir, 'day'), { recursive: true })
  await write('5\n')
  assert.equal(await readFile(path, 'utf8'), '5\n')
})

test('a file that is removed while it is written has the batch all the same', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t)
  const path = join(dir, 'a')
  for (let round = 0; round < 5; round++) {
    // Large, so that the write is still under way when the file goes.
    const text = `${round} ${'x'.repeat(20_000_000)}\n`
    await files.append(batch({ [path]: 'small\n' }))
    const written = files.append(batch({ [path]: text }))
    await setTimeout(1)
    rmSync(path)
    await written
    assert.ok((await readFile(path, 'utf8')) === text, `round ${round}`)
  }
})

test('after half a line that a death left behind the next one begins on its own', async (t) => {
  const dir = await temporaryDirectory(t)
  const path = join(dir, 'a')
  await writeFile(path, 'whole\nhal')
  const files = makeFiles(t)
  await files.append(batch({ [path]: '1\n' }))
  await files.append(batch({ [path]: '2\n' }))
  assert.equal(await readFile(path, 'utf8'), 'whole\nhal\n1\n2\n')
})

test('a batch that does not fit is taken out of all its files again, and fits later', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t)
  const [small, large] = [join(dir, 'small'), join(dir, 'large')]
  await files.append(batch({ [small]: 's1\n', [large]: 'l1\n' }))
  const next = batch({ [small]: 's2\n', [large]: `${'l'.repeat(20_000)}\n`, [join(dir, 'new')]: 'n1\n' })
  const lift = limitFileSize(t, 10_000)
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(files.append(next), { code: 'EFBIG' })
    assert.equal(await readFile(small, 'utf8'), 's1\n')
    assert.equal(await readFile(large, 'utf8'), 'l1\n')
    assert.equal(await readFile(join(dir, 'new'), 'utf8').catch(() => ''), '')
  }
  // Another partition's batch in between is not touched by what is taken back.
  await files.append(batch({ [small]: 'other\n' }))
  lift()
  await files.append(next)
  assert.equal(await readFile(small, 'utf8'), 's1\nother\ns2\n')
  assert.equal(await readFile(large, 'utf8'), `l1\n${'l'.repeat(20_000)}\n`)
  assert.equal(await readFile(join(dir, 'new'), 'utf8'), 'n1\n')
})

test('what somebody else appended is not cut off with a batch that failed', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t)
  const path = join(dir, 'a')
  await files.append(batch({ [path]: 'mine\n' }))
  const other = join(dir, 'b')
  await mkdir(other)
  const bytes = Buffer.from('second\n')
  // The directory in the place of a file makes the batch fail after its first file was written.
  const failing = files.append(
    new Map([
      [path, bytes],
      [other, bytes],
    ]),
  )
  await appendFile(path, 'theirs\n')
  await assert.rejects(failing, { code: 'EISDIR' })
  assert.match(await readFile(path, 'utf8'), /theirs\n/)
})

test('a place where nothing can be written is an error that heals', async (t) => {
  const dir = await temporaryDirectory(t)
  const files = makeFiles(t)
  await writeFile(join(dir, 'day'), 'a file where a directory should be')
  const path = join(dir, 'day/a')
  await assert.rejects(files.append(batch({ [path]: '1\n' })))
  await rm(join(dir, 'day'))
  await files.append(batch({ [path]: '1\n' }))
  assert.equal(await readFile(path, 'utf8'), '1\n')
  assert.equal(files.open, 1)
})
