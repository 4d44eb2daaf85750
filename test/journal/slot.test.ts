import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { claimAnew, claimSlot, claimSlotNumber, lockRules } from '../../src/journal/lock.ts'
import { readJournal } from '../../src/journal/read-journal.ts'
import { segmentFile } from '../../src/journal/segment.ts'
import { assertAccounted, numbered, openJournal, temporaryDirectory, until } from './open-journal.ts'

const foreign = { pid: 1, started: '1', world: 'elsewhere', host: 'container' }
const longAgo = new Date(Date.now() - 120_000)

/** What happens to a lock's directory or file, and what its owner is told when it looks. */
for (const [what, act, held, lost] of [
  ['nothing', () => Promise.resolve(), true, 0],
  ['its directory is deleted', (dir) => rm(dir, { recursive: true }), false, 0],
  ['its directory is moved', (dir) => rename(dir, `${dir}.moved`), false, 0],
  [
    'its directory is moved, and another process has the slot in a new one',
    async (dir) => {
      await rename(dir, `${dir}.moved`)
      claimSlot(dir, 'shop', lockRules({ self: foreign }))
    },
    false,
    1,
  ],
  [
    'its directory is moved, and this process itself has the slot in a new one',
    async (dir) => {
      await rename(dir, `${dir}.moved`)
      claimSlot(dir, 'shop').release()
    },
    false,
    1,
  ],
  [
    'it was taken over by a process that saw no sign of life',
    async (dir) => {
      await utimes(join(dir, '.logflume', 'shop.0.lock.1'), longAgo, longAgo)
      assert.equal(claimSlot(dir, 'shop', lockRules({ self: foreign })).slot, 0)
    },
    false,
    1,
  ],
] as const satisfies readonly (readonly [string, (dir: string) => Promise<unknown>, boolean, number])[]) {
  test(`a lock, when ${what}: ${held ? 'held' : lost > 0 ? 'lost' : 'gone'}`, async (t) => {
    const dir = join(await temporaryDirectory(t), 'logs')
    const lock = claimSlot(dir, 'shop')
    t.after(() => lock.release())
    let told = 0
    lock.onLost = () => told++
    await act(dir)
    assert.equal(lock.isHeld(), true, 'there is no reason to look yet')
    assert.equal(lock.look(), held)
    assert.equal(lock.isHeld(), held)
    assert.equal(told, lost)
  })
}

test('an owner that gave no sign of life for long looks before it writes, and shows that it lives', async (t) => {
  const dir = await temporaryDirectory(t)
  // Its timer never comes, as in a process that is suspended.
  const rules = lockRules({ staleAfter: 100, touchEvery: 1_000_000 })
  const lock = claimSlot(dir, 'shop', rules)
  t.after(() => lock.release())
  const other = lockRules({ staleAfter: 100, self: foreign })
  assert.equal(claimSlotNumber(dir, 'shop', 0, other), undefined)
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal(lock.isHeld(), true)
  assert.equal(claimSlotNumber(dir, 'shop', 0, other), undefined, 'it was touched')
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal(claimSlotNumber(dir, 'shop', 0, other)?.ownerMayLive, true)
  assert.equal(lock.isHeld(), false)
})

test('the end of a lock that is lost leaves that of the next owner alone', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const lock = claimSlot(dir, 'shop')
  await rename(dir, `${dir}.moved`)
  const next = claimSlot(dir, 'shop')
  t.after(() => next.release())
  lock.release()
  assert.equal(next.look(), true)
  assert.equal(claimSlotNumber(dir, 'shop', 0), undefined)
})

for (const [what, prepare, slot] of [
  ['nobody has had its slot since', () => Promise.resolve(), 0],
  ['its slot is taken', (dir) => Promise.resolve(claimSlot(dir, 'shop')), 1],
  [
    'its slot was had and given back, with lines in it',
    async (dir) => {
      claimSlot(dir, 'shop').release()
      await writeFile(join(dir, segmentFile('shop', 0, 0, '20261121')), '')
    },
    1,
  ],
  [
    'others have lines or a checkpoint, or are at it',
    async (dir) => {
      for (let index = 0; index < 2; index++) claimSlot(dir, 'shop')
      await writeFile(join(dir, segmentFile('shop', 2, 0, '20261121')), '')
      await writeFile(join(dir, '.logflume', 'shop.3.checkpoint'), '')
    },
    4,
  ],
] as const satisfies readonly (readonly [string, (dir: string) => Promise<unknown>, number])[]) {
  test(`a slot is claimed anew in a new directory, and ${what}: it is slot ${slot}`, async (t) => {
    const dir = join(await temporaryDirectory(t), 'logs')
    const lock = claimSlot(dir, 'shop')
    await rename(dir, `${dir}.moved`)
    await mkdir(join(dir, '.logflume'), { recursive: true })
    await prepare(dir)
    const anew = claimAnew(dir, 'shop', lock)
    t.after(() => anew.release())
    assert.equal(anew.slot, slot)
  })
}

async function linesOf(dir: string, slot: number): Promise<string[]> {
  const lines: string[] = []
  for await (const { line, missing } of readJournal({ dir, name: 'shop', slot })) {
    assert.equal(missing, 0)
    lines.push(line)
  }
  return lines
}

test('the directory is moved, and another process has the slot in a new one: no file is shared', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const { journal, diagnostics } = openJournal(t, { dir })
  let moves = 0
  journal.onMoved = () => moves++
  await rename(dir, `${dir}.moved`)
  const { journal: other } = openJournal(t, { dir })
  assert.deepEqual([journal.slot, other.slot], [0, 0])
  // Both are at line 0, and so they would write one file.
  for (const line of numbered(20)) {
    journal.append(`${line}\n`)
    other.append('other\n')
    await journal.flush(1000)
  }
  await until(() => moves === 1)
  for (const line of numbered(20, 20)) journal.append(`${line}\n`)
  await journal.close(1000)
  await other.close(1000)
  assertAccounted(journal)
  assert.equal(journal.slot, 1)
  assert.deepEqual(await linesOf(dir, 0), Array(20).fill('other'))
  assert.deepEqual([...(await linesOf(`${dir}.moved`, 0)), ...(await linesOf(dir, 1))], numbered(40))
  assert.ok(diagnostics.some(({ message }) => message.endsWith('it goes on in slot 1')))
})

test('the directory is deleted: the slot is claimed again, and held against those who come later', async (t) => {
  const dir = join(await temporaryDirectory(t), 'logs')
  const { journal } = openJournal(t, { dir })
  journal.append('1\n')
  await journal.flush(1000)
  await rm(dir, { recursive: true })
  await until(() =>
    readdir(dir).then(
      () => true,
      () => false,
    ),
  )
  const { journal: other } = openJournal(t, { dir })
  assert.deepEqual([journal.slot, other.slot], [0, 1])
})

for (const flush of ['tick', 'async'] as const) {
  test(`flush '${flush}': a process that was taken for dead while it was suspended goes on in another slot`, async (t) => {
    const dir = await temporaryDirectory(t)
    const { child, said } = startSleeper(t, dir, flush)
    assert.equal(await said(), '0')
    await until(async () => (await linesOf(dir, 0)).length > 20)
    child.kill('SIGSTOP')
    const lock = join(dir, '.logflume', 'shop.0.lock.1')
    // As if it had been a minute.
    await utimes(lock, longAgo, longAgo)
    const { journal } = openJournal(t, { dir })
    assert.equal(journal.slot, 0)
    await new Promise((resolve) => setTimeout(resolve, 300))
    journal.append('other 0\n')
    await journal.flush(1000)
    child.kill('SIGCONT')
    await until(() => readdir(dir).then((files) => files.some((file) => file.startsWith('shop.1.'))))
    journal.append('other 1\n')
    await journal.close(1000)
    child.stdin.write('stop\n')
    const { slot, written, onDisk } = JSON.parse(await said()) as Record<string, number>
    assert.deepEqual([slot, onDisk], [1, written])
    const first = await linesOf(dir, 0)
    assert.deepEqual(first.slice(-2), ['other 0', 'other 1'])
    assert.deepEqual(
      [...first.slice(0, -2), ...(await linesOf(dir, 1))],
      Array.from({ length: written ?? 0 }, (_, n) => `sleeper ${n}`),
    )
  })
}

interface Sleeper {
  readonly child: ReturnType<typeof spawn> & { readonly stdin: NodeJS.WritableStream }
  /** The next line of its output. */
  readonly said: () => Promise<string>
}

function startSleeper(t: TestContext, dir: string, flush: string): Sleeper {
  const fixture = fileURLToPath(new URL('fixtures/sleeper.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, dir, flush], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const said = async (): Promise<string> => String(((await once(child.stdout, 'data')) as [Buffer])[0]).trim()
  return { child, said }
}
