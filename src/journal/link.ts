import * as fs from 'node:fs'
import { rename, symlink } from 'node:fs/promises'

// `logs/shop.log` always names the newest segment. Replaced by rename, so that it exists at all times. The
// link's text is the bare file name: the directory may be mounted elsewhere by whoever reads it.

/** At start, when the first line may be followed by `process.exit`. A file system without links has none. */
export function linkSync(link: string, file: string): void {
  const temporary = temporaryName(link)
  try {
    fs.rmSync(temporary, { force: true })
    fs.symlinkSync(file, temporary)
    fs.renameSync(temporary, link)
  } catch {
    fs.rmSync(temporary, { force: true })
  }
}

/** At rotation, off the app's thread. */
export async function linkLater(link: string, file: string): Promise<void> {
  const temporary = temporaryName(link)
  try {
    fs.rmSync(temporary, { force: true })
    await symlink(file, temporary)
    await rename(temporary, link)
  } catch {
    fs.rmSync(temporary, { force: true })
  }
}

const temporaryName = (link: string): string => `${link}.${process.pid}.tmp`
