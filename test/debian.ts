import { execFile } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { cachedFolder } from './cache.ts'
import { ToolchainError } from './kafka/toolchain.ts'

const run = promisify(execFile)

export interface DebianFiles {
  /** What a Debian package would have put into `/`. */
  readonly root: string
  /** Environment that finds the programs and libraries there. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The files of Debian packages and of those they need that are not installed, fetched once and not
 * installed, so that no service of the system begins, and nobody has to be root.
 */
export async function debianFiles(...names: readonly string[]): Promise<DebianFiles> {
  const root = await cachedFolder({
    name: `debian-${names.join('-')}`,
    notice: `fetching ${names.join(' and ')} from Debian, once`,
    fetch: (folder) => fetchPackages(names, folder),
  })
  const libraries = await readdir(join(root, 'usr', 'lib')).catch(() => []) // where all are installed
  const places = libraries.filter((library) => library.includes('-linux-'))
  const paths = places.map((place) => join(root, 'usr', 'lib', place))
  const programs = [join(root, 'usr', 'sbin'), join(root, 'usr', 'bin'), process.env.PATH ?? '']
  return { root, env: { LD_LIBRARY_PATH: paths.join(delimiter), PATH: programs.join(delimiter) } }
}

async function fetchPackages(names: readonly string[], folder: string): Promise<void> {
  const archives = join(folder, 'archives')
  const lists = join(folder, 'lists')
  await Promise.all([archives, lists].map((path) => mkdir(join(path, 'partial'), { recursive: true })))
  const own = ['-q', '-y', '-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${archives}`]
  const install = ['--download-only', '--no-install-recommends', '--reinstall', 'install', ...names]
  try {
    await run('apt-get', [...own, ...install]).catch(async () => {
      // No lists of packages, or old ones: ours, and not the system's, are brought up to date.
      const listed = [...own, '-o', `Dir::State::Lists=${lists}`]
      await run('apt-get', [...listed, 'update'])
      await run('apt-get', [...listed, ...install])
    })
    const packages = (await readdir(archives)).filter((file) => file.endsWith('.deb'))
    for (const file of packages) await run('dpkg-deb', ['-x', join(archives, file), folder])
  } catch (thrown) {
    const wanted = names.join(' ')
    throw new ToolchainError(`${names[0] ?? ''} was not found; on Debian: apt-get install ${wanted}`, {
      cause: thrown,
    })
  }
  await Promise.all([archives, lists].map((path) => rm(path, { recursive: true })))
}
