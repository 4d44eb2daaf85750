import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { toError } from '../errors.ts'
import { checkpointFile, lockPrefix, stateDirectory } from './directory.ts'
import { parseSegments } from './segment.ts'

/** Who holds a lock. A pid alone says little: pids are reused, and containers each have their own pid 1. */
export interface Owner {
  readonly pid: number
  /** When that pid's process started, in the kernel's own unit; undefined where /proc does not say. */
  readonly started: string | undefined
  /** The pid namespace and boot that the pid is meaningful in; undefined where /proc does not say. */
  readonly world: string | undefined
  readonly host: string
}

/** How a lock's owner shows that it lives to those who cannot see its process. */
export interface LockRules {
  /** Milliseconds without a sign of life after which an owner in another container or machine counts as dead. */
  readonly staleAfter: number
  /** Milliseconds between signs of life. */
  readonly touchEvery: number
  /** Who claims. */
  readonly self: Owner
}

/** More processes of one name in one directory than this is a mistake, not a cluster. */
const MAX_SLOTS = 4096
/** What a lock says that nobody holds. Not nothing: an empty file may be one that is just being written. */
const RELEASED = 'released'

/** A journal's slot, held by this process until `release`, or until somebody takes it for dead. */
export interface SlotLock {
  readonly slot: number
  /** The owner before may only have been asleep: it must not be written to what it has open. */
  readonly ownerMayLive: boolean
  /** Nobody has had this slot since its directory was made. */
  readonly isFirst: boolean
  /** Called once, when it is found that somebody else has the slot. */
  onLost: () => void
  /**
   * Whether the slot is this process's still, to be asked before each write. It looks only where the last sign
   * of life is so old that somebody may have taken this process for dead, or the lock was not in its place.
   * False also where it cannot be told.
   */
  isHeld(): boolean
  /**
   * Looks in any case. Throws where it cannot be told. A lock that is gone, with its directory, without anybody
   * having the slot is not held, and not lost either: it can be claimed again.
   */
  look(): boolean
  release(): void
}

export function lockRules(rules: Partial<LockRules> = {}): LockRules {
  return { staleAfter: 60_000, touchEvery: 20_000, self: thisProcess(), ...rules }
}

/** Claims the lowest slot of a name that no living process holds, and with it the journal found there. */
export function claimSlot(dir: string, name: string, rules = lockRules()): SlotLock {
  return claimFirst(dir, name, (slot) => claimSlotNumber(dir, name, slot, rules))
}

/**
 * Claims a slot for a journal that has lost its own and goes on with its line numbers: the same one where the
 * lock was deleted with its directory and nobody has had the slot since, else one with no lines in it.
 */
export function claimAnew(dir: string, name: string, lost: SlotLock, rules = lockRules()): SlotLock {
  const claim = (slot: number, isFree: (lock: SlotLock) => boolean): SlotLock | undefined => {
    const lock = claimSlotNumber(dir, name, slot, rules)
    if (lock === undefined || isFree(lock)) return lock
    lock.release()
    return undefined
  }
  const claimed =
    claim(lost.slot, ({ isFirst }) => isFirst) ??
    claimFirst(dir, name, (slot) =>
      isUsed(dir, name, slot) ? undefined : claim(slot, () => !isUsed(dir, name, slot)),
    )
  // Not earlier: where none can be claimed now, the old one may be in its place again the next time.
  lost.release()
  return claimed
}

function claimFirst(dir: string, name: string, claim: (slot: number) => SlotLock | undefined): SlotLock {
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const lock = claim(slot)
    if (lock !== undefined) return lock
  }
  throw new Error(`all ${MAX_SLOTS} slots of '${name}' in ${dir} are in use`)
}

function isUsed(dir: string, name: string, slot: number): boolean {
  const hasLines = parseSegments(name, fs.readdirSync(dir)).some((segment) => segment.slot === slot)
  return hasLines || fs.existsSync(checkpointFile(dir, name, slot))
}

/** Whether a living process holds a slot. */
export function isSlotHeld(dir: string, name: string, slot: number): boolean {
  const state = stateDirectory(dir)
  const prefix = lockPrefix(name, slot)
  const last = highest(state, prefix)
  return last > 0 && ownerState(join(state, `${prefix}${last}`), lockRules()).held
}

/**
 * Claims one slot; undefined where a living process holds it, or another one was quicker.
 *
 * The lock is the file with the highest generation. Claiming means creating the next one, with its content,
 * in one atomic step (link), and then being the highest: of two processes that both found the owner dead
 * only one can. The highest generation is never removed, only marked, so that no number is used twice.
 *
 * An owner that was only asleep, on the other side, touches its lock and then looks for a higher one; and the
 * claimer, having made the higher one, looks whether the lower one was touched. So at least one of them sees
 * the other, and gives way.
 */
export function claimSlotNumber(
  dir: string,
  name: string,
  slot: number,
  rules = lockRules(),
): SlotLock | undefined {
  const state = stateDirectory(dir)
  fs.mkdirSync(state, { recursive: true })
  const prefix = lockPrefix(name, slot)
  const last = highest(state, prefix)
  const lastFile = join(state, `${prefix}${last}`)
  const before = last > 0 ? ownerState(lastFile, rules) : NOBODY
  if (before.held) return undefined
  const generation = last + 1
  const file = join(state, `${prefix}${generation}`)
  // The number makes it this lock's own: the same process may have had one of this name in a directory before.
  const content = JSON.stringify({ ...rules.self, id: randomUUID() })
  if (!createWhole(file, content)) return undefined
  if (highest(state, prefix) !== generation || (last > 0 && ownerState(lastFile, rules).held)) {
    fs.rmSync(file, { force: true })
    return undefined
  }
  for (const older of generations(state, prefix)) {
    if (older < generation) fs.rmSync(join(state, `${prefix}${older}`), { force: true })
  }
  const higher = join(state, `${prefix}${generation + 1}`)
  const isTaken = (): boolean => fs.existsSync(state) && highest(state, prefix) > 0
  return new HeldLock({ slot, file, higher, isTaken, content, rules, isFirst: last === 0, ...before })
}

interface HeldLockParts extends Pick<SlotLock, 'slot' | 'isFirst' | 'ownerMayLive'> {
  readonly file: string
  /** Whoever takes the slot over makes this one. */
  readonly higher: string
  /** Whether there is any lock of this slot. */
  readonly isTaken: () => boolean
  readonly content: string
  readonly rules: LockRules
}

class HeldLock implements SlotLock {
  readonly slot: number
  readonly isFirst: boolean
  readonly ownerMayLive: boolean
  onLost: () => void = () => undefined
  readonly #parts: HeldLockParts
  readonly #touching: NodeJS.Timeout
  /** When others last had a sign of life. By both clocks: one stands still while the machine sleeps, one jumps. */
  #shown = clocks()
  #doubted = false
  #lost = false

  constructor(parts: HeldLockParts) {
    this.slot = parts.slot
    this.isFirst = parts.isFirst
    this.ownerMayLive = parts.ownerMayLive
    this.#parts = parts
    this.#touching = setInterval(() => this.#touch(), parts.rules.touchEvery)
    this.#touching.unref()
  }

  #touch(): void {
    const { file, content } = this.#parts
    const now = clocks()
    // Where it slept for too long, it must look for a higher one as well.
    if (this.#isOverdue(now)) {
      this.isHeld()
      return
    }
    fs.readFile(file, 'utf8', (error, found) => {
      this.#doubted ||= error === null ? found !== content : isAbsent(error)
      if (this.#doubted) this.isHeld()
      else
        fs.utimes(file, new Date(), new Date(), (failed) => {
          if (failed === null) this.#shown = now
        })
    })
  }

  #isOverdue({ monotonic, wall }: Clocks): boolean {
    const limit = this.#parts.rules.staleAfter / 2
    return monotonic - this.#shown.monotonic > limit || Math.abs(wall - this.#shown.wall) > limit
  }

  isHeld(): boolean {
    if (this.#lost) return false
    if (!this.#doubted && !this.#isOverdue(clocks())) return true
    try {
      return this.look()
    } catch {
      return false
    }
  }

  look(): boolean {
    if (this.#lost) return false
    const now = clocks()
    const { file, higher } = this.#parts
    const isInPlace = this.#isInPlace()
    if (isInPlace) fs.utimesSync(file, new Date(), new Date())
    this.#lost = isInPlace
      ? fs.statSync(higher, { throwIfNoEntry: false }) !== undefined
      : this.#parts.isTaken()
    if (this.#lost) {
      clearInterval(this.#touching)
      this.onLost()
    }
    this.#doubted = !isInPlace
    if (isInPlace) this.#shown = now
    return isInPlace && !this.#lost
  }

  #isInPlace(): boolean {
    const { file, content } = this.#parts
    try {
      return readIfThere(file) === content
    } catch (thrown) {
      // Without a descriptor to read by, a file of that name has to do.
      if (!isShortage(thrown)) throw thrown
      return fs.statSync(file, { throwIfNoEntry: false }) !== undefined
    }
  }

  release(): void {
    clearInterval(this.#touching)
    this.#lost = true
    const { file, content } = this.#parts
    try {
      if (readIfThere(file) === content) fs.writeFileSync(file, RELEASED)
    } catch {
      // The directory is gone, and with it what the lock protected.
    }
  }
}

interface Clocks {
  readonly monotonic: number
  readonly wall: number
}

function clocks(): Clocks {
  return { monotonic: performance.now(), wall: Date.now() }
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined
    throw thrown
  }
}

function isAbsent(thrown: unknown): boolean {
  const { code } = toError(thrown) as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function isShortage(thrown: unknown): boolean {
  const { code } = toError(thrown) as NodeJS.ErrnoException
  return code === 'EMFILE' || code === 'ENFILE'
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

interface OwnerState {
  readonly held: boolean
  /** Not held, since its owner gave no sign of life for long; but nobody has seen it die. */
  readonly ownerMayLive: boolean
}

const NOBODY: OwnerState = { held: false, ownerMayLive: false }

function ownerState(file: string, { staleAfter, self }: LockRules): OwnerState {
  let content: string
  let touched: number
  try {
    content = fs.readFileSync(file, 'utf8')
    touched = fs.statSync(file).mtimeMs
  } catch {
    return { held: true, ownerMayLive: true } // It went away under our eyes: somebody else is busy here.
  }
  if (content === RELEASED) return NOBODY
  const owner = parseOwner(content)
  const alive = owner && isAlive(owner, self, processStart(owner.pid), pidExists(owner.pid))
  if (alive !== undefined) return { held: alive, ownerMayLive: alive }
  return { held: Math.abs(Date.now() - touched) < staleAfter, ownerMayLive: true }
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
