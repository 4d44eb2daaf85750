import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { JournalStats } from '../../src/journal/journal.ts'
import { FaultyFiles } from './faulty-files.ts'
import {
  assertAccounted,
  linesOnDisk,
  numbered,
  openJournal,
  temporaryDirectory,
  until,
} from './open-journal.ts'

// Faults of the operating system itself; those that are injected are in fault.test.ts.

const fixture = fileURLToPath(new URL('fixtures/short-of.ts', import.meta.url))
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

interface Program {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  readonly output: Interface
}

function start(t: TestContext, command: readonly string[], uid?: number): Program {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  t.after(() => child.kill('SIGKILL'))
  return { child, output: createInterface(child.stdout) }
}

interface Outcome extends JournalStats {
  readonly error: string
  /** Whether lines were in memory under the fault. */
  readonly waited: boolean
}

async function outcome({ output }: Program): Promise<Outcome> {
  const [text] = (await once(output, 'line')) as [string]
  return JSON.parse(text) as Outcome
}

async function assertAllThere(dir: string, { written, onDisk, lostTotal, waited }: Outcome): Promise<void> {
  assert.deepEqual([written, onDisk, lostTotal, waited], [900, 900, 0, true])
  assert.deepEqual(await linesOnDisk(dir), numbered(900))
}

test('EMFILE, since all descriptors are taken: rotation waits, and heals when there are some', async (t) => {
  const dir = await temporaryDirectory(t)
  const limited = 'ulimit -n 100; exec "$@"'
  const program = start(t, [
    'sh',
    '-c',
    limited,
    'sh',
    process.execPath,
    '--import',
    'tsx',
    fixture,
    dir,
    'EMFILE',
  ])
  const end = await outcome(program)
  assert.match(end.error, /EMFILE/)
  await assertAllThere(dir, end)
})

test('EACCES, since the directory may not be written any more: rotation waits, and heals when it may', async (t) => {
  const dir = await temporaryDirectory(t)
  // Root may write everywhere, so it is somebody else.
  if (isRoot) await chown(dir, NOBODY, NOBODY)
  const command = [process.execPath, '--import', 'tsx', fixture, dir, 'EACCES']
  const program = start(t, command, isRoot ? NOBODY : undefined)
  assert.deepEqual(await once(program.output, 'line'), ['before'])
  await chmod(dir, 0o555)
  program.child.stdin.write('go on\n')
  assert.deepEqual(await once(program.output, 'line'), ['under'])
  await chmod(dir, 0o755)
  program.child.stdin.write('go on\n')
  const end = await outcome(program)
  assert.match(end.error, /EACCES/)
  await assertAllThere(dir, end)
})

test('EROFS, since the directory is one that is read-only for a while: lines wait, and are written then', async (t) => {
  const { dir, files, makeReadOnly, heal } = await mountable(t)
  const { journal } = openJournal(t, { dir, rotate: { maxBytes: 20_000 } }, Date.now, files.driver)
  const lines = numbered(300)
  for (const line of lines.slice(0, 100)) journal.append(`${line}\n`)
  await journal.flush(1000)
  makeReadOnly()
  for (const line of lines.slice(100, 200)) journal.append(`${line}\n`)
  await until(() => journal.stats().error !== undefined)
  assert.match(journal.stats().error ?? '', /EROFS/)
  assertAccounted(journal)
  heal()
  await until(() => journal.stats().error === undefined)
  for (const line of lines.slice(200)) journal.append(`${line}\n`)
  await journal.close(5000)
  assertAccounted(journal)
  assert.equal(journal.slot, 0)
  assert.deepEqual(await linesOnDisk(dir), lines)
})

interface Mountable {
  readonly dir: string
  readonly files: FaultyFiles
  readonly makeReadOnly: () => void
  readonly heal: () => void
}

/**
 * A directory that can be mounted read-only over itself; what is open in it for writing stays so. Only root can,
 * and only on Linux; for others it is errors that are injected.
 */
async function mountable(t: TestContext): Promise<Mountable> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-'))
  const files = new FaultyFiles()
  const calls = ['open', 'openSync', 'write', 'writeSync'] as const
  let mounts = 0
  const mount = (...args: string[]): boolean => {
    const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' })
    if (status !== 0) t.diagnostic(`nothing can be mounted read-only (${error?.message ?? stderr}): injected`)
    return status === 0
  }
  const heal = (): void => {
    // Lazily: the journal in it closes after the test.
    for (; mounts > 0; mounts--) spawnSync('umount', ['-l', dir])
    files.fail(undefined, ...calls)
  }
  t.after(async () => {
    heal()
    await rm(dir, { recursive: true })
  })
  const makeReadOnly = (): void => {
    if (mount('--bind', dir, dir)) mounts++
    if (mounts === 0 || !mount('-o', 'remount,bind,ro', dir)) files.fail('EROFS', ...calls)
  }
  return { dir, files, makeReadOnly, heal }
}
