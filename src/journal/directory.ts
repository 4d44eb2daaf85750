import { join } from 'node:path'

/** Where things lie in a journal's directory; the layout is drawn in docs/design.md. */
export const stateDirectory = (dir: string): string => join(dir, '.logflume')
export const lockPrefix = (name: string, slot: number): string => `${name}.${slot}.lock.`
export const checkpointFile = (dir: string, name: string, slot: number): string =>
  join(stateDirectory(dir), `${name}.${slot}.checkpoint`)
export const tornFile = (dir: string, name: string, slot: number): string =>
  join(stateDirectory(dir), `${name}.${slot}.torn`)
export const refusedFile = (dir: string, name: string, slot: number): string =>
  join(stateDirectory(dir), `${name}.${slot}.refused`)
export const newestLink = (dir: string, name: string): string => join(dir, `${name}.log`)
export const temporaryLink = (dir: string, name: string, slot: number): string =>
  join(stateDirectory(dir), `${name}.${slot}.link.tmp`)
