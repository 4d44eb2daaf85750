import * as fs from 'node:fs'
import { rename, rm, symlink } from 'node:fs/promises'
import { newestLink, temporaryLink } from './directory.ts'

// `logs/shop.log` always names the newest segment. Replaced by rename, so that it exists at all times. The
// link's text is the bare file name: the directory may be mounted elsewhere by whoever reads it. What is
// renamed has one name for each slot, so that a process that dies in between leaves nothing that adds up.

interface Newest {
  readonly dir: string
  readonly name: string
  readonly slot: number
  readonly file: string
}

/** At start, when the first line may be followed by `process.exit`. A file system without links has none. */
export function linkSync({ dir, name, slot, file }: Newest): void {
  const temporary = temporaryLink(dir, name, slot)
  try {
    fs.rmSync(temporary, { force: true })
    fs.symlinkSync(file, temporary)
    fs.renameSync(temporary, newestLink(dir, name))
  } catch {
    // Nobody needs the link but people.
  }
}

/** At rotation, off the app's thread. */
export async function linkLater({ dir, name, slot, file }: Newest): Promise<void> {
  const temporary = temporaryLink(dir, name, slot)
  try {
    await rm(temporary, { force: true })
    await symlink(file, temporary)
    await rename(temporary, newestLink(dir, name))
  } catch {
    // As above.
  }
}
