import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Milliseconds: for a hang, not for a slow machine. */
const TIMEOUT = 300_000

export interface RunOptions {
  readonly cwd?: string
}

/** Runs a program and gives what it printed; all of that is the error's message where it fails. */
export function run(
  command: string,
  args: readonly string[],
  { cwd = ROOT }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env: environment(), timeout: TIMEOUT }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${stdout}${stderr}`.trim() || error.message))
    })
  })
}

/** As the user's shell has it: what npm sets for its scripts would make an npm below it work elsewhere. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_(local_prefix|call|package)|package|lifecycle)/.test(name),
  )
  return Object.fromEntries(own)
}

/** A folder that is gone when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logflume-package-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => process.exit(code))
  }
  return folder
}

/** The path of a Node of that major version, from the npm package `node`. */
export async function newestLts(major: string): Promise<string> {
  const path = await run('npx', [
    '--yes',
    '--package',
    `node@${major}`,
    'node',
    '--print',
    'process.execPath',
  ])
  return path.trim()
}
