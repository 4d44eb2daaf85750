import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A Node beside the one that runs the benchmark. */
export interface OtherNode {
  readonly version: string
  readonly execPath: string
}

/** Milliseconds that fetching it may take. */
const TIMEOUT = 300_000

/**
 * The newest Node of a version (`26`, `24.1`), from the npm registry, where it is the package `node`.
 *
 * @throws Error where there is none, or no way to it.
 */
export async function findNode(version: string): Promise<OtherNode> {
  const tell = 'console.log(JSON.stringify({ version: process.versions.node, execPath: process.execPath }))'
  const npx = ['-y', '-p', `node@${version}`, 'node', '-e', tell]
  try {
    const { stdout } = await promisify(execFile)('npx', npx, { timeout: TIMEOUT })
    return JSON.parse(stdout) as OtherNode
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(`No Node ${version} through npx ${npx.slice(0, 3).join(' ')}:\n${stderr.trim()}`)
  }
}
