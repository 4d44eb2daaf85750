import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Inside the package, so that the cases find 'logflume' and the peers by their names, as a user's code does. */
const CASES = join(ROOT, '.cache', 'bench')

/** The package as it is published, from the source as it is now. */
export async function buildPackage(): Promise<void> {
  const tsup = join(ROOT, 'node_modules', '.bin', 'tsup')
  await promisify(execFile)(tsup, ['--silent'], {
    cwd: ROOT,
    env: { ...process.env, LOGFLUME_BUILD: 'fast' },
  })
}

let built: Promise<void> | undefined

/** The script of a case, ready to be run by Node alone: a TypeScript loader in a process would be measured too. */
export async function caseScript(name: string): Promise<string> {
  await (built ??= buildCases())
  return join(CASES, `${name}.js`)
}

async function buildCases(): Promise<void> {
  const sources = join(ROOT, 'bench', 'cases')
  await build({
    config: false,
    entry: readdirSync(sources).map((file) => join(sources, file)),
    outDir: CASES,
    format: 'esm',
    target: 'node20',
    skipNodeModulesBundle: true,
    silent: true,
  })
}
