/** What must be on disk before the process ends: a journal, an outputter's file. */
export interface KeptUntilExit {
  /** The process is ending: write everything now, and from now on write each line before its call returns. */
  writeThrough(): void
  /** Write everything now. */
  flushSync(): void
  /** A new file, or the same one opened again. */
  rotate(): void
  /** Whether SIGHUP is for `rotate` and no end. */
  readonly rotatesOnSighup: boolean
  /** Nothing is left to do but what waits for a timer; what is begun now still gets done. */
  beginWaiting?(): void
}

/** What the copies of this package in one process know of each other: two versions may well be installed. */
interface Copy {
  readonly rotatesOnSighup: () => boolean
}

const COPIES: unique symbol = Symbol.for('logflume exit listeners')
const shared = globalThis as unknown as { [COPIES]: Set<Copy> | undefined }
/** Those that listen at present, each once for each signal. */
const copies = (shared[COPIES] ??= new Set<Copy>())

const kept = new Set<KeptUntilExit>()
const thisCopy: Copy = { rotatesOnSighup: () => [...kept].some(({ rotatesOnSighup }) => rotatesOnSighup) }
/** Milliseconds after a signal was sent again at which it must have had its effect. */
const LISTEN_AGAIN = 1000
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Listeners exist only while somebody needs them, so that a closed logger leaves no trace in the process. */
export function keepUntilExit(writer: KeptUntilExit): void {
  if (kept.size === 0) {
    copies.add(thisCopy)
    process.on('exit', onExit)
    process.on('beforeExit', onBeforeExit)
    for (const signal of SIGNALS) process.on(signal, onSignal)
  }
  kept.add(writer)
}

export function letGo(writer: KeptUntilExit): void {
  if (!kept.delete(writer) || kept.size > 0) return
  process.removeListener('exit', onExit)
  copies.delete(thisCopy)
  process.removeListener('beforeExit', onBeforeExit)
  for (const signal of SIGNALS) process.removeListener(signal, onSignal)
}

function onBeforeExit(): void {
  for (const writer of kept) writer.beginWaiting?.()
}

/** Natural end, process.exit, uncaught exception and unhandled rejection all come through here. */
function onExit(): void {
  for (const writer of kept) writer.writeThrough()
}

/**
 * A signal without a handler ends the process at once, without an exit event. With this handler the lines
 * are written first; then, where the app has no handler of its own, the signal is sent again to do what it
 * would have done, so that the parent still sees a death by that signal.
 */
function onSignal(signal: NodeJS.Signals): void {
  for (const writer of kept) writer.flushSync()
  if (signal === 'SIGHUP') {
    for (const writer of kept) if (writer.rotatesOnSighup) writer.rotate()
    if ([...copies].some((copy) => copy.rotatesOnSighup())) return
  }
  if (appListens(signal)) return
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
  // Who is here still has others to thank: a hook of signal-exit's may call the end off.
  setTimeout(() => {
    if (kept.size > 0 && !process.listeners(signal).includes(onSignal)) process.on(signal, onSignal)
  }, LISTEN_AGAIN).unref()
}

/**
 * Whether a listener is one that decides about the end. The copies of this package do not, and neither does
 * the package signal-exit, which others have in their depths: it waits, as we do, until only its own are left.
 */
function appListens(signal: NodeJS.Signals): boolean {
  return process.listenerCount(signal) > copies.size + signalExitListeners()
}

/** What signal-exit tells its own copies of itself: versions 2 and 3 on `process`, version 4 on `globalThis`. */
function signalExitListeners(): number {
  const { __signal_exit_emitter__: old } = process as { readonly __signal_exit_emitter__?: unknown }
  const { [Symbol.for('signal-exit emitter')]: current } = globalThis as Readonly<Record<symbol, unknown>>
  return count(old) + count(current)
}

function count(emitter: unknown): number {
  const { count: listeners } = (emitter ?? {}) as { readonly count?: unknown }
  return typeof listeners === 'number' ? listeners : 0
}
