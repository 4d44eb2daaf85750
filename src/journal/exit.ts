/** What must be on disk before the process ends. */
export interface KeptUntilExit {
  /** The process is ending: write everything now, and from now on write each line before `append` returns. */
  writeThrough(): void
  /** Write everything now. */
  flushSync(): void
  /** The next line begins a new segment. */
  rotate(): void
  /** Whether SIGHUP is for `rotate` and no end. */
  readonly rotatesOnSighup: boolean
}

const kept = new Set<KeptUntilExit>()
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Listeners exist only while somebody needs them, so that a closed logger leaves no trace in the process. */
export function keepUntilExit(journal: KeptUntilExit): void {
  if (kept.size === 0) {
    process.on('exit', onExit)
    for (const signal of SIGNALS) process.on(signal, onSignal)
  }
  kept.add(journal)
}

export function letGo(journal: KeptUntilExit): void {
  if (!kept.delete(journal) || kept.size > 0) return
  process.removeListener('exit', onExit)
  for (const signal of SIGNALS) process.removeListener(signal, onSignal)
}

/** Natural end, process.exit, uncaught exception and unhandled rejection all come through here. */
function onExit(): void {
  for (const journal of kept) journal.writeThrough()
}

/**
 * A signal without a handler ends the process at once, without an exit event. With this handler the lines
 * are written first; then, where the app has no handler of its own, the signal is sent again to do what it
 * would have done, so that the parent still sees a death by that signal.
 */
function onSignal(signal: NodeJS.Signals): void {
  for (const journal of kept) journal.flushSync()
  if (signal === 'SIGHUP' && rotateThoseThatAsk()) return
  if (process.listenerCount(signal) > 1) return
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

function rotateThoseThatAsk(): boolean {
  const asking = [...kept].filter(({ rotatesOnSighup }) => rotatesOnSighup)
  for (const journal of asking) journal.rotate()
  return asking.length > 0
}
