import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { letGo } from '../../src/exit.ts'
import { Journal } from '../../src/journal/journal.ts'
import { readJournalOptions } from '../../src/journal/options.ts'
import { JournalReader } from '../../src/journal/reader.ts'
import { parseSegments } from '../../src/journal/segment.ts'
import { OptionReader } from '../../src/options.ts'
import { CrashingFiles } from './crashing-files.ts'
import { assertAccounted } from './open-journal.ts'

const HOUR = 3_600_000

/** What is done to a journal. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('append'), count: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('tick'), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'flush' }) },
  { weight: 3, arbitrary: fc.constant({ do: 'flushSync' }) },
  { weight: 2, arbitrary: fc.constant({ do: 'rotate' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('clock'), by: fc.constantFrom(-26, -1, 1, 25) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fail'), with: faults() }) },
  { weight: 4, arbitrary: fc.constant({ do: 'heal' }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('crash'), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'close' }) },
  { weight: 2, arbitrary: fc.constant({ do: 'read' }) },
) as fc.Arbitrary<Step>

type Step =
  | { readonly do: 'append' | 'tick'; readonly count: number }
  | { readonly do: 'flush' | 'flushSync' | 'rotate' | 'heal' | 'close' | 'read' }
  | { readonly do: 'clock'; readonly by: number }
  | { readonly do: 'fail'; readonly with: CrashingFiles['fault'] }
  | { readonly do: 'crash'; readonly share: number }

function faults(): fc.Arbitrary<CrashingFiles['fault']> {
  return fc.constantFrom('ENOSPC', 'EIO', 'EMFILE', 'short')
}

const setting = fc.record({
  every: fc.constantFrom('day', 'hour', 'never'),
  maxBytes: fc.integer({ min: 4096, max: 40_000 }),
  flush: fc.constantFrom('tick', 'line', 'async'),
  fsync: fc.constantFrom<('never' | number)[]>('never', 5),
})

/** The journal, the disk below it, and what a list of lines says must be there. */
class World {
  readonly #dir: string
  readonly #settings: ReturnType<typeof readJournalOptions>
  #now = Date.UTC(2026, 10, 21, 12)
  #files = new CrashingFiles()
  #journal: Journal
  #reader: JournalReader | undefined

  /** Lines that are in the journal for good, by their ordinals. */
  readonly #settled: string[] = []
  /** Lines that the present process appended and that were taken. */
  #taken: string[] = []
  /** The machine was so busy that a write took long: that is no fault of the journal's. */
  #slow = false
  #made = 0
  #read = 0
  #firstRead = 0

  constructor(dir: string, { every, maxBytes, flush, fsync }: Record<string, unknown>) {
    this.#dir = dir
    const rotate = { every, maxBytes, zone: 'utc' }
    const options = { dir, rotate, flush, fsync, maxBufferBytes: 65_536, retain: { bytes: 150_000 } }
    this.#settings = readJournalOptions(new OptionReader('options', options), 'shop')
    this.#journal = this.#open()
  }

  #open(): Journal {
    this.#files = new CrashingFiles()
    const journal = new Journal(
      this.#settings,
      ({ message }) => (this.#slow ||= message.includes('not waited for')),
      () => this.#now,
      this.#files.driver,
    )
    assert.equal(journal.slot, 0)
    return journal
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        for (let count = 0; count < step.count; count++) this.#append()
        break
      case 'tick':
        for (let count = 0; count < step.count; count++) await tick()
        if (step.count > 0) this.#tickIsOver()
        break
      case 'flush':
        await this.#journal.flush(this.#files.fault === undefined ? 5000 : 20)
        break
      case 'flushSync':
        this.#journal.flushSync()
        if (this.#files.fault === undefined) assert.equal(this.#journal.stats().bufferedBytes, 0)
        break
      case 'rotate':
        this.#journal.rotate()
        break
      case 'clock':
        this.#now += step.by * HOUR
        break
      case 'fail':
        this.#files.fault = step.with
        break
      case 'heal':
        this.#files.fault = undefined
        break
      case 'crash':
        await this.#crash(step.share)
        break
      case 'close':
        await this.#close()
        break
      case 'read':
        await this.#readOn()
    }
    assertAccounted(this.#journal)
  }

  #append(): void {
    const line = String(this.#made++).padEnd((this.#made * 37) % 900, '.')
    const { lostTotal } = this.#journal.stats()
    this.#journal.append(`${line}\n`)
    if (this.#journal.stats().lostTotal === lostTotal) this.#taken.push(line)
    if (this.#settings.flush === 'line' && this.#files.fault === undefined && !this.#journal.stats().error) {
      assert.equal(this.#journal.stats().bufferedBytes, 0)
    }
  }

  /** Not even `kill -9` takes what was logged in a tick that is over, on a disk that neither fails nor is slow. */
  #tickIsOver(): void {
    const { error, bufferedBytes } = this.#journal.stats()
    if (this.#settings.flush === 'async' || this.#files.fault !== undefined || error !== undefined) return
    if (!this.#slow) assert.equal(bufferedBytes, 0)
  }

  async #crash(share: number): Promise<void> {
    const { onDisk } = this.#journal.stats()
    this.#files.crash(share)
    letGo(this.#journal)
    const state = join(this.#dir, '.logflume')
    for (const file of readdirSync(state)) if (file.includes('.lock.')) rmSync(join(state, file))
    this.#journal = this.#open()
    // All that counted as on disk, and no more than what was on its way there besides.
    const found = this.#journal.end.ordinal - this.#settled.length
    assert.ok(found >= onDisk, `${onDisk} lines were on disk, ${found} are`)
    assert.ok(found <= this.#taken.length)
    await this.#settle(found)
  }

  async #close(): Promise<void> {
    await this.#journal.close(this.#files.fault === undefined ? 5000 : 20)
    const { onDisk, written, lostTotal } = this.#journal.stats()
    assert.equal(onDisk + lostTotal, written)
    this.#journal = this.#open()
    assert.equal(this.#journal.end.ordinal, this.#settled.length + onDisk)
    await this.#settle(onDisk)
  }

  /** The lines of a process that is over: this many of them are there. */
  async #settle(count: number): Promise<void> {
    this.#settled.push(...this.#taken.slice(0, count))
    this.#taken = []
    const segments = parseSegments('shop', readdirSync(this.#dir))
    let ordinal = segments[0]?.ordinal ?? 0
    for (const segment of segments) {
      // Retention may take one while this looks.
      const text = await readFile(join(this.#dir, segment.file), 'utf8').catch(() => undefined)
      if (text === undefined) continue
      ordinal = segment.ordinal
      const lines = text.split('\n').slice(0, -1)
      assertSame(lines, this.#settled.slice(ordinal, ordinal + lines.length))
      ordinal += lines.length
      const next = segments[segments.indexOf(segment) + 1]
      if (next !== undefined) assert.equal(next.ordinal, ordinal)
    }
    assert.equal(ordinal, this.#settled.length)
  }

  /** A reader that was there all the time sees each line once, in order, or counts it as deleted. */
  async #readOn(): Promise<JournalReader> {
    const reader = (this.#reader ??= await this.#openReader())
    const expected = [...this.#settled, ...this.#taken]
    for (;;) {
      const block = await reader.read(10_000)
      if (block === undefined) break
      const lines = block.bytes.toString().split('\n').slice(0, -1)
      assertSame(lines, expected.slice(block.from.ordinal, block.to.ordinal))
      this.#read += lines.length
    }
    assert.equal(this.#firstRead + this.#read + reader.lostTotal, reader.position.ordinal)
    return reader
  }

  async #openReader(): Promise<JournalReader> {
    const reader = await JournalReader.open({ dir: this.#dir, name: 'shop', slot: 0 })
    this.#firstRead = reader.position.ordinal
    return reader
  }

  /** Nothing of it lives on, whatever came of it. */
  abandon(): void {
    this.#files.crash(0)
    letGo(this.#journal)
  }

  async end(): Promise<void> {
    this.#files.fault = undefined
    await this.#journal.flush(10_000)
    const reader = await this.#readOn()
    assert.equal(reader.position.ordinal, this.#settled.length + this.#journal.stats().onDisk)
    await reader.close()
    await this.#close()
    await this.#journal.close(1000)
  }
}

/** Compares whole lines, and shows no more of them than their numbers. */
function assertSame(lines: string[], expected: string[]): void {
  const numbers = (of: string[]): number[] => of.map((line) => parseInt(line, 10))
  assert.deepEqual(numbers(lines), numbers(expected))
  assert.ok(lines.every((line, index) => line === expected[index]))
}

test('whatever happens to a journal, each line that was written is there once, in order, under its number', async (t) => {
  const seed = Number(process.env.LOGFLUME_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`LOGFLUME_SEED=${seed}`)
  const steps = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' })
  const property = fc.asyncProperty(setting, steps, async (settings, steps) => {
    const dir = await mkdtemp(join(tmpdir(), 'logflume-model-'))
    try {
      const world = new World(dir, settings)
      try {
        for (const step of steps) await world.take(step)
        await world.end()
      } finally {
        world.abandon()
      }
    } finally {
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    }
  })
  const long = process.env.LOGFLUME_FAULTS === 'long'
  await fc.assert(property, {
    seed,
    numRuns: long ? 5000 : 1000,
    interruptAfterTimeLimit: long ? 120_000 : 5_000,
    markInterruptAsFailure: false,
  })
})
