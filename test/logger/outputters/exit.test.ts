import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory, until } from '../../journal/open-journal.ts'

const fixture = fileURLToPath(new URL('fixtures/numbers.ts', import.meta.url))

function start(t: TestContext, ending: string, file: string): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, ending, file], {
    stdio: ['pipe', 'pipe', ending === 'exception' ? 'ignore' : 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function numbersIn(...files: readonly string[]): Promise<number[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.join('').split('\n').slice(0, -1).map(Number)
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

for (const [ending, code, signal] of [
  ['process.exit', 3, null],
  ['rolling', 3, null],
  ['exception', 1, null],
  ['natural end', 0, null],
  ['SIGTERM', null, 'SIGTERM'],
  ['fatal', null, 'SIGABRT'],
] as const) {
  test(`1,000 records, then ${ending}: all are in the file, in order, once`, async (t) => {
    const dir = await temporaryDirectory(t)
    assert.deepEqual(await once(start(t, ending, join(dir, 'app.log')), 'close'), [code, signal])
    const names = (await readdir(dir)).sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)))
    const numbers = await numbersIn(...names.map((name) => join(dir, name)))
    assert.deepEqual(numbers, upTo(ending === 'fatal' ? 1001 : 1000))
    assert.equal(names.length > 1, ending === 'rolling')
  })
}

test('at the natural end what waits for company is written', async (t) => {
  const dir = await temporaryDirectory(t)
  const child = start(t, 'mail', join(dir, 'app.log'))
  let mails = ''
  child.stdout?.on('data', (data: Buffer) => (mails += data.toString()))
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(mails, '0,1,2')
})

/** What a rotation does to the file while the program writes it. */
const ways: Record<string, (dir: string, child: ChildProcess, turn: number) => Promise<void>> = {
  'logrotate with create, SIGHUP in postrotate': (dir, child) =>
    logrotate(dir, `create\n postrotate\n kill -HUP ${child.pid}\n endscript`),
  'logrotate with create, and no signal': (dir) => logrotate(dir, 'create'),
  'logrotate with nocreate': (dir) => logrotate(dir, 'nocreate'),
  'rename and create by hand': async (dir, _, turn) => {
    await rename(join(dir, 'app.log'), join(dir, `app.log.${99 - turn}`))
    await create(join(dir, 'app.log'))
  },
}

/** Debian's logrotate, where it is installed; else the same steps, which are those of its manual page. */
async function logrotate(dir: string, directives: string): Promise<void> {
  const config = join(dir, '..', 'logrotate.conf')
  await writeFile(config, `${join(dir, 'app.log')} {\n rotate 99\n ${directives}\n}\n`, { mode: 0o644 })
  try {
    execFileSync('logrotate', ['--force', '--state', `${config}.state`, config], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await rotateByHand(dir, directives)
  }
}

async function rotateByHand(dir: string, directives: string): Promise<void> {
  const file = join(dir, 'app.log')
  const newest = (await readdir(dir)).length - 1
  for (let number = newest; number > 0; number--) await rename(`${file}.${number}`, `${file}.${number + 1}`)
  await rename(file, `${file}.1`)
  if (!directives.includes('nocreate')) await create(file)
  const pid = /-HUP (\d+)/.exec(directives)?.[1]
  if (pid !== undefined) process.kill(Number(pid), 'SIGHUP')
}

/** As logrotate does it: nothing where the program was quicker. */
async function create(file: string): Promise<void> {
  await writeFile(file, '', { flag: 'wx' }).catch((error: unknown) => {
    assert.equal((error as NodeJS.ErrnoException).code, 'EEXIST')
  })
}

for (const [way, rotate] of Object.entries(ways)) {
  test(`${way}, under load: each record is in one file, in order`, async (t) => {
    const dir = join(await temporaryDirectory(t), 'logs')
    const file = join(dir, 'app.log')
    await mkdir(dir, { mode: 0o755 })
    const child = start(t, 'logrotate', file)
    await once(child.stdout!, 'data')
    for (let turn = 0; turn < 5; turn++) {
      await until(async () => (await readFile(file, 'utf8').catch(() => '')).length > 100)
      await rotate(dir, child, turn)
    }
    await until(async () => (await readFile(file, 'utf8').catch(() => '')).length > 100)
    child.stdin?.end()
    assert.deepEqual(await once(child, 'close'), [0, null])
    const oldestFirst = (await readdir(dir)).sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)))
    assert.equal(oldestFirst.length, 6)
    const numbers = await numbersIn(...oldestFirst.map((name) => join(dir, name)))
    assert.ok(numbers.length > 100)
    assert.deepEqual(numbers, upTo(numbers.length))
  })
}

test('copytruncate: the file goes on at its start, without holes', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'app.log')
  const child = start(t, 'logrotate', file)
  await once(child.stdout!, 'data')
  await until(async () => (await readFile(file, 'utf8').catch(() => '')).length > 1000)
  child.kill('SIGSTOP') // what is written between copying and truncating is lost with any logger
  await delay(20)
  await copyFile(file, `${file}.1`)
  await truncate(file)
  child.kill('SIGCONT')
  await until(async () => (await readFile(file, 'utf8')).length > 1000)
  child.stdin?.end()
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.ok(!(await readFile(file, 'utf8')).includes('\0'))
  const numbers = await numbersIn(`${file}.1`, file)
  assert.deepEqual(numbers, upTo(numbers.length))
})

test('kill -9 takes the last moment only: what is in the file is in order, without gaps', async (t) => {
  const file = join(await temporaryDirectory(t), 'app.log')
  const child = start(t, 'logrotate', file)
  await until(async () => (await readFile(file, 'utf8').catch(() => '')).length > 1000)
  child.kill('SIGKILL')
  assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL'])
  const numbers = await numbersIn(file)
  assert.ok(numbers.length > 100)
  assert.deepEqual(numbers, upTo(numbers.length))
})
