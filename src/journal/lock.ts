import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { toError } from '../errors.ts'
import { lockPrefix, stateDirectory } from './directory.ts'

/** Who holds a lock. A pid alone says little: pids are reused, and containers each have their own pid 1. */
export interface Owner {
  readonly pid: number
  /** When that pid's process started, in the kernel's own unit; undefined where /proc does not say. */
  readonly started: string | undefined
  /** The pid namespace and boot that the pid is meaningful in; undefined where /proc does not say. */
  readonly world: string | undefined
  readonly host: string
}

/** A lock whose owner lives in another container or on another machine is held as long as it is touched. */
const FOREIGN_LOCK_STALE_AFTER = 60_000
const TOUCH_EVERY = 20_000
/** More processes of one name in one directory than this is a mistake, not a cluster. */
const MAX_SLOTS = 4096
/** What a lock says that nobody holds. Not nothing: an empty file may be one that is just being written. */
const RELEASED = 'released'

/** A journal's slot, held by this process until `release`. */
export interface SlotLock {
  readonly slot: number
  release(): void
}

/** Claims the lowest slot of a name that no living process holds, and with it the journal found there. */
export function claimSlot(dir: string, name: string): SlotLock {
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const lock = claimSlotNumber(dir, name, slot)
    if (lock !== undefined) return lock
  }
  throw new Error(`all ${MAX_SLOTS} slots of '${name}' in ${dir} are in use`)
}

/** Whether a living process holds a slot. */
export function isSlotHeld(dir: string, name: string, slot: number): boolean {
  const state = stateDirectory(dir)
  const prefix = lockPrefix(name, slot)
  const last = highest(state, prefix)
  return last > 0 && isHeld(join(state, `${prefix}${last}`))
}

/**
 * Claims one slot; undefined where a living process holds it, or another one was quicker.
 *
 * The lock is the file with the highest generation. Claiming means creating the next one, with its content,
 * in one atomic step (link), and then being the highest: of two processes that both found the owner dead
 * only one can. The highest generation is never removed, only marked, so that no number is used twice.
 */
export function claimSlotNumber(dir: string, name: string, slot: number): SlotLock | undefined {
  const state = stateDirectory(dir)
  fs.mkdirSync(state, { recursive: true })
  const prefix = lockPrefix(name, slot)
  const last = highest(state, prefix)
  if (last > 0 && isHeld(join(state, `${prefix}${last}`))) return undefined
  const generation = last + 1
  const file = join(state, `${prefix}${generation}`)
  if (!createWhole(file, JSON.stringify(thisProcess()))) return undefined
  if (highest(state, prefix) !== generation) {
    fs.rmSync(file, { force: true })
    return undefined
  }
  for (const older of generations(state, prefix)) {
    if (older < generation) fs.rmSync(join(state, `${prefix}${older}`), { force: true })
  }
  const touching = setInterval(() => {
    const now = new Date()
    fs.utimes(file, now, now, () => undefined)
  }, TOUCH_EVERY)
  touching.unref()
  return {
    slot,
    release() {
      clearInterval(touching)
      try {
        fs.writeFileSync(file, RELEASED)
      } catch {
        // The directory is gone, and with it what the lock protected.
      }
    },
  }
}

function generations(state: string, prefix: string): number[] {
  return fs
    .readdirSync(state)
    .filter((file) => file.startsWith(prefix) && /^\d+$/.test(file.slice(prefix.length)))
    .map((file) => Number(file.slice(prefix.length)))
}

function highest(state: string, prefix: string): number {
  return Math.max(0, ...generations(state, prefix))
}

function createWhole(file: string, content: string): boolean {
  const temporary = `${file}.${randomUUID()}.tmp`
  fs.writeFileSync(temporary, content)
  try {
    fs.linkSync(temporary, file)
    return true
  } catch (thrown) {
    const { code } = toError(thrown) as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // Some file systems know no hard links; creating exclusively is as safe but for a moment of emptiness.
    return createExclusively(file, content)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

function createExclusively(file: string, content: string): boolean {
  try {
    fs.writeFileSync(file, content, { flag: 'wx' })
    return true
  } catch (thrown) {
    if ((toError(thrown) as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

function isHeld(file: string): boolean {
  let content: string
  let touched: number
  try {
    content = fs.readFileSync(file, 'utf8')
    touched = fs.statSync(file).mtimeMs
  } catch {
    return true // It went away under our eyes: somebody else is busy here.
  }
  if (content === RELEASED) return false
  const owner = parseOwner(content)
  const fresh = Math.abs(Date.now() - touched) < FOREIGN_LOCK_STALE_AFTER
  if (owner === undefined) return fresh
  return isAlive(owner, thisProcess(), processStart(owner.pid), pidExists(owner.pid)) ?? fresh
}

function parseOwner(content: string): Owner | undefined {
  try {
    const { pid, started, world, host } = JSON.parse(content) as Partial<Owner>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, started, world, host } : undefined
  } catch {
    return undefined
  }
}

/** Whether the owner lives; undefined where this process cannot see the owner's pids. */
export function isAlive(
  owner: Owner,
  self: Owner,
  startedNow: string | undefined,
  exists: boolean,
): boolean | undefined {
  if (owner.world !== self.world || (owner.world === undefined && owner.host !== self.host)) return undefined
  return exists && (owner.started === undefined || owner.started === startedNow)
}

function thisProcess(): Owner {
  return { pid: process.pid, started: processStart(process.pid), world: pidWorld(), host: hostname() }
}

function processStart(pid: number): string | undefined {
  try {
    // Field 22 of stat(5); the command in field 2 may itself hold blanks and parentheses.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function pidWorld(): string | undefined {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${fs.readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (toError(thrown) as NodeJS.ErrnoException).code === 'EPERM'
  }
}
