import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { mkdir, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config/load-config.ts'
import type { LoadConfigOptions } from '../../src/config/options.ts'
import type { Diagnostic } from '../../src/diagnostics.ts'
import type { Logger } from '../../src/logger/logger.ts'
import { temporaryDirectory } from '../journal/open-journal.ts'

interface Watched {
  readonly log: Logger
  /** The next thing that it says. */
  readonly next: () => Promise<Diagnostic>
}

function load(t: TestContext, file: string, options: LoadConfigOptions): Watched {
  const told: Diagnostic[] = []
  let wake = (): void => undefined
  const onDiagnostic = (diagnostic: Diagnostic): void => {
    told.push(diagnostic)
    wake()
  }
  const log = loadConfig(file, { defaults: { name: 'shop', journal: false, onDiagnostic }, ...options })
  t.after(() => log.close())
  // Nothing of the logger holds the process, so something of the test has to.
  const held = setInterval(() => undefined, 60_000)
  t.after(() => clearInterval(held))
  return {
    log,
    async next() {
      if (told.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return told.shift()!
    },
  }
}

test('a file that is written or replaced holds at once, a wrong one does not', async (t) => {
  const dir = await temporaryDirectory(t)
  const file = join(dir, 'config.yml')
  await writeFile(file, 'level: info')
  const { log, next } = load(t, file, { watch: true })
  await writeFile(file, 'level: debug')
  assert.equal((await next()).level, 'info')
  assert.equal(log.level, 'debug')

  await writeFile(join(dir, 'new'), 'level: warn')
  await rename(join(dir, 'new'), file)
  assert.equal((await next()).message, `${file} was taken, with 0 outputters`)
  assert.equal(log.level, 'warn')

  await writeFile(file, 'level: nope')
  assert.match(
    (await next()).message,
    /^the configuration stays as it is: .*config\.yml: level: expected one of .*\(line 1, column 8\)$/,
  )
  assert.equal(log.level, 'warn')

  await unlink(file)
  assert.match(
    (await next()).message,
    /^the configuration stays as it is: .*config\.yml: cannot be read: ENOENT/,
  )
  await writeFile(file, 'level: error')
  await next()
  assert.deepEqual(
    [log.level, log.stats().config?.error, log.stats().config?.refused],
    ['error', undefined, 2],
  )
})

test('a link that leads elsewhere is seen, as in a mounted ConfigMap', async (t) => {
  const dir = await temporaryDirectory(t)
  for (const [name, level] of [
    ['..1', 'info'],
    ['..2', 'debug'],
  ] as const) {
    await mkdir(join(dir, name))
    await writeFile(join(dir, name, 'config.yml'), `level: ${level}`)
  }
  await symlink('..1', join(dir, '..data'))
  await symlink(join('..data', 'config.yml'), join(dir, 'config.yml'))
  const { log, next } = load(t, join(dir, 'config.yml'), { watch: true })
  assert.equal(log.level, 'info')
  await symlink('..2', join(dir, '..data_tmp'))
  await rename(join(dir, '..data_tmp'), join(dir, '..data'))
  await next()
  assert.equal(log.level, 'debug')
  // What the link leads to now is watched as well.
  await writeFile(join(dir, '..2', 'config.yml'), 'level: warn')
  await next()
  assert.equal(log.level, 'warn')
})

test('SIGHUP reads the file again, and ends nothing', async (t) => {
  const file = join(await temporaryDirectory(t), 'config.yml')
  await writeFile(file, 'level: info')
  const { log, next } = load(t, file, { reloadOnSighup: true })
  await writeFile(file, 'level: debug')
  process.kill(process.pid, 'SIGHUP')
  await next()
  assert.equal(log.level, 'debug')
})

test('neither a watch nor the signal keeps a process alive', async (t) => {
  const dir = await temporaryDirectory(t)
  await writeFile(join(dir, 'config.yml'), 'name: shop\njournal: false')
  const program = fileURLToPath(new URL('fixtures/idle.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, join(dir, 'config.yml')], {
    stdio: 'inherit',
    timeout: 30_000,
  })
  assert.deepEqual(await once(child, 'exit'), [0, null])
})
