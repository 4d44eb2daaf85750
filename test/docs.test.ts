import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkConfig } from 'logflume'
import { temporaryDirectory } from './journal/open-journal.ts'

// The pages that lead here from other loggers, those of the adapters, of fields and of configuration: each
// block of their code is a program that runs and leaves lines in `logs`. A block that imports nothing is a
// part of one, and not run.

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = readdirSync(join(root, 'docs')).filter(
  (page) =>
    page.startsWith('from-') ||
    ['configuration.md', 'context.md', 'fields.md', 'pino.md', 'stream.md', 'winston.md'].includes(page),
)

const blocks = pages.flatMap((page) => {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(ts|js|mjs|cjs)\n(.*?)^```$/gms)]
    .map(([, language = '', code = ''], index) => ({ page, index, language, code }))
    .filter(({ code }) => /^import |require\(/m.test(code))
})

/** Runs it as a user would who has the packages installed, in a directory of its own. */
async function run(t: TestContext, language: string, code: string): Promise<string> {
  const dir = await temporaryDirectory(t)
  await mkdir(join(dir, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => !one.startsWith('.')))
    await symlink(join(root, 'node_modules', name), join(dir, 'node_modules', name))
  await symlink(root, join(dir, 'node_modules', 'logflume'))
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
  const file = join(dir, `program.${language}`)
  await writeFile(file, code)
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', join(root, 'node_modules', 'tsx', 'dist', 'esm', 'index.mjs'), file],
    { cwd: dir, timeout: 60_000 },
  )
  assert.doesNotMatch(stderr, /logflume (warn|error)|Error/)
  return readdirSync(join(dir, 'logs'))
    .filter((name) => /\.\d{8}\.log$|^app\.log$/.test(name))
    .map((name) => readFileSync(join(dir, 'logs', name), 'utf8'))
    .join('')
}

for (const { page, index, language, code } of blocks) {
  test(`docs/${page}, block ${index + 1}: it runs, and its lines are in logs`, async (t) => {
    assert.match(await run(t, language, code), /^\{"/)
  })
}

test('there is something to run on each page', () => {
  for (const page of pages)
    assert.ok(
      blocks.some((block) => block.page === page),
      page,
    )
})

test('the configurations that pages show are taken', async (t) => {
  const secret = join(await temporaryDirectory(t), 'secret')
  await writeFile(secret, 'secret')
  const configurations = ['configuration.md', 'from-log4r.md'].flatMap((page) => {
    const text = readFileSync(join(root, 'docs', page), 'utf8')
    return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(([, yaml = '']) => yaml)
  })
  const ours = configurations.filter((yaml) => !yaml.startsWith('log4r_config'))
  assert.equal(ours.length, 2)
  for (const yaml of ours) {
    const file = join(await temporaryDirectory(t), 'config.yml')
    await writeFile(file, yaml.replace('/run/secrets/kafka', secret))
    checkConfig(file, { variables: { root: '/srv' }, env: {} })
  }
})

// The table of from-log4r.md says which test shows a feature: each is there.

const shown = [
  ...readFileSync(join(root, 'docs', 'from-log4r.md'), 'utf8').matchAll(/\| `(test\/[\w./-]+)` '(.*)' \|$/gm),
].map(([, file = '', name = '']) => ({ file, name }))

test('each feature of Log4r is shown by a test that is there', () => {
  assert.ok(shown.length > 30)
  const missing = shown.filter(({ file, name }) => {
    const text = readFileSync(join(root, file), 'utf8')
    return ![`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(`test(${quoted}`))
  })
  assert.deepEqual(missing, [])
})
