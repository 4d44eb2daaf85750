import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const MANIFEST = 'manifest.json'

export interface CachedFolder {
  /** Of the folder, with the versions of what is in it. */
  readonly name: string
  /** What is told once before a download. */
  readonly notice: string
  /** Puts everything into an empty folder. */
  readonly fetch: (folder: string) => Promise<void>
  /** Folder that survives between runs. @default cacheFolder() */
  readonly cache?: string | undefined
  /** @default console.error */
  readonly tell?: ((line: string) => void) | undefined
}

export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.LOGFLUME_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'logflume')
}

/** A folder of the cache, filled where the cache has none or a broken one. */
export async function cachedFolder({
  name,
  notice,
  fetch,
  cache = cacheFolder(),
  tell = console.error,
}: CachedFolder): Promise<string> {
  const folder = join(cache, name)
  if (await isWhole(folder)) return folder
  tell(notice)
  await mkdir(cache, { recursive: true })
  const fresh = await mkdtemp(`${folder}.`)
  try {
    await fetch(fresh)
    await writeManifest(fresh)
    await putInPlace(fresh, folder)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return folder
}

/** Name and size of each file. Written last: a folder with a manifest was filled to its end. */
async function writeManifest(folder: string): Promise<void> {
  const sizes: Record<string, number> = {}
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    sizes[path.slice(folder.length + 1)] = (await stat(path)).size
  }
  await writeFile(join(folder, MANIFEST), JSON.stringify(sizes, null, 2))
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Record<string, number>
    const same = Object.entries(sizes).map(
      async ([file, size]) => (await stat(join(folder, file))).size === size,
    )
    return (await Promise.all(same)).every(Boolean)
  } catch {
    return false
  }
}

/** By rename, so that nobody ever sees half a folder; of two that fetched at once, the first one's stays. */
async function putInPlace(fresh: string, folder: string): Promise<void> {
  if (!(await isWhole(folder))) {
    const broken = `${fresh}.broken`
    await rename(folder, broken).catch(() => undefined) // nothing there: nothing to move away
    await rm(broken, { recursive: true, force: true })
  }
  await rename(fresh, folder).catch(async (error: unknown) => {
    if (!(await isWhole(folder))) throw error
  })
}
