import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT, run } from './run.ts'

const PUBLISHED = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE']
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))

/** Builds beside the working tree, which others may be using, and packs as `npm publish` would. */
export async function packPackage(folder: string): Promise<string> {
  const source = join(folder, 'source')
  await mkdir(source)
  for (const file of PUBLISHED)
    if (existsSync(join(ROOT, file))) await cp(join(ROOT, file), join(source, file))
  await run(join(ROOT, 'node_modules', '.bin', 'tsup'), ['--silent', '--out-dir', join(source, 'dist')])
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: source })
  const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  return join(folder, tarball)
}

export async function checkPackedFiles(tarball: string): Promise<void> {
  const files = (await run('tar', ['--list', '--file', tarball]))
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''))
  const missing = PUBLISHED.filter((file) => !files.includes(file))
  const foreign = files.filter(
    (file) =>
      !PUBLISHED.includes(file) &&
      !/^dist\/((sinks\/)?[\w-]+\.(js|js\.map|d\.ts)|config\.schema\.json)$/.test(file),
  )
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`)
  if (foreign.length > 0) throw new Error(`not expected: ${foreign.join(', ')}`)
}

export interface Installed {
  readonly folder: string
  /** Installs more packages into the same folder. */
  add(packages: readonly string[]): Promise<void>
}

/** An empty folder with nothing but the package, its dependencies, and the programs that use it. */
export async function installPackage(parent: string, tarball: string): Promise<Installed> {
  const folder = join(parent, 'installed')
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
  const add = async (packages: readonly string[]): Promise<void> => {
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    await run('npm', ['install', ...flags, ...packages], { cwd: folder })
  }
  await add([tarball])
  await cp(fixtures, folder, { recursive: true })
  return { folder, add }
}
