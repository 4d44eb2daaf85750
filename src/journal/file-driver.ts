import * as fs from 'node:fs'

type Done = (error: NodeJS.ErrnoException | null) => void

/** What a journal asks about a file. */
export interface FileState {
  readonly dev: number
  readonly ino: number
  readonly nlink: number
  readonly size: number
}

/**
 * The calls by which a journal writes, as node:fs has them. The one place where a test lets a disk be full,
 * slow or broken.
 */
export interface FileDriver {
  readonly mkdir: (path: string, options: { readonly recursive: true }, done: Done) => void
  readonly mkdirSync: (path: string, options: { readonly recursive: true }) => unknown
  readonly open: (
    path: string,
    flags: number,
    done: (error: NodeJS.ErrnoException | null, fd: number) => void,
  ) => void
  readonly openSync: (path: string, flags: number) => number
  readonly stat: (path: string, done: (error: NodeJS.ErrnoException | null, found: FileState) => void) => void
  readonly statSync: (path: string) => FileState
  readonly fstatSync: (fd: number) => FileState
  readonly write: (
    fd: number,
    bytes: Buffer,
    from: number,
    length: number,
    position: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ) => void
  readonly writeSync: (fd: number, bytes: Buffer, from: number, length: number, position: number) => number
  readonly readSync: (fd: number, bytes: Buffer, from: number, length: number, position: number) => number
  readonly fdatasync: (fd: number, done: Done) => void
  readonly fdatasyncSync: (fd: number) => void
  readonly ftruncate: (fd: number, length: number, done: Done) => void
  readonly close: (fd: number, done: Done) => void
  readonly closeSync: (fd: number) => void
}

export const nodeFiles: FileDriver = fs
