import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Diagnostic } from '../../src/diagnostics.ts'
import { Journal } from '../../src/journal/journal.ts'
import { readJournalOptions, type JournalOptions } from '../../src/journal/options.ts'
import { OptionReader } from '../../src/options.ts'

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
): TestJournal {
  const diagnostics: Diagnostic[] = []
  const settings = readJournalOptions(new OptionReader('options', options), 'shop')
  const journal = new Journal(settings, (diagnostic) => diagnostics.push(diagnostic), now)
  t.after(() => journal.close(1000))
  return { journal, diagnostics }
}

/** Files of a directory that are segments, oldest first. */
export async function segmentFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((file) => /\.\d{15}\.\d{8}\.log$/.test(file)).sort()
}

/** All lines of all segments of a directory, in order. */
export async function linesOnDisk(dir: string): Promise<string[]> {
  const texts = await Promise.all((await segmentFiles(dir)).map((file) => readFile(join(dir, file), 'utf8')))
  return texts.join('').split('\n').slice(0, -1)
}

/** Numbered lines of a steady size. */
export function numbered(count: number, from = 0): string[] {
  return Array.from(
    { length: count },
    (_, index) => `{"n":${String(from + index).padStart(8, '0')},"t":"${'x'.repeat(180)}"}`,
  )
}
