import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Diagnostic } from '../../src/diagnostics.ts'
import type { FileDriver } from '../../src/journal/file-driver.ts'
import { Journal } from '../../src/journal/journal.ts'
import { readJournalOptions, type JournalOptions } from '../../src/journal/options.ts'
import { OptionReader } from '../../src/options.ts'
import { FaultyFiles } from './faulty-files.ts'

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'logflume-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export interface TestJournal {
  readonly journal: Journal
  readonly diagnostics: Diagnostic[]
}

export function openJournal(
  t: TestContext,
  options: JournalOptions & { readonly dir: string },
  now?: () => number,
  files?: FileDriver,
): TestJournal {
  const diagnostics: Diagnostic[] = []
  const settings = readJournalOptions(new OptionReader('options', options), 'shop')
  const journal = new Journal(settings, (diagnostic) => diagnostics.push(diagnostic), now, files)
  t.after(() => journal.close(1000))
  return { journal, diagnostics }
}

export interface FaultyJournal extends TestJournal {
  readonly dir: string
  readonly files: FaultyFiles
}

/** A journal in a directory of its own, on a disk that fails as told. */
export async function openFaultyJournal(
  t: TestContext,
  options: JournalOptions = {},
): Promise<FaultyJournal> {
  const dir = await temporaryDirectory(t)
  const files = new FaultyFiles()
  return { dir, files, ...openJournal(t, { dir, ...options }, Date.now, files.driver) }
}

/** Files of a directory that are segments, oldest first. */
export async function segmentFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((file) => /\.\d{15}\.\d{8,10}\.log$/.test(file)).sort()
}

/** All lines of all segments of a directory, in order. */
export async function linesOnDisk(dir: string): Promise<string[]> {
  const texts = await Promise.all((await segmentFiles(dir)).map((file) => readFile(join(dir, file), 'utf8')))
  return texts.join('').split('\n').slice(0, -1)
}

/** What must hold at any time, and after every fault. */
export function assertAccounted(journal: Journal): void {
  const { written, onDisk, lost, lostTotal, bufferedBytes } = journal.stats()
  assert.equal(
    Object.values(lost).reduce((sum, lines) => sum + lines, 0),
    lostTotal,
  )
  const buffered = written - onDisk - lostTotal
  assert.ok(buffered >= 0, `${written} written, ${onDisk} on disk, ${lostTotal} lost`)
  assert.equal(buffered > 0, bufferedBytes > 0, `${buffered} lines of ${bufferedBytes} bytes wait`)
}

/** Waits for a state that has no event; what is waited for is asked every few milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, within = 10_000): Promise<void> {
  const deadline = Date.now() + within
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not so within ${within} ms: ${condition.toString()}`)
    await delay(5)
  }
}

/** Numbered lines of a steady size. */
export function numbered(count: number, from = 0): string[] {
  return Array.from(
    { length: count },
    (_, index) => `{"n":${String(from + index).padStart(8, '0')},"t":"${'x'.repeat(180)}"}`,
  )
}
