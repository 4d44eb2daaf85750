// The main process, as the others see it.

/** What this process was started with. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? '{}')
}

export function tell(message: object): void {
  if (process.connected) process.send?.(message)
}

export function onMessage(handle: (message: unknown) => void): void {
  process.on('message', handle)
  // However the main process went: this one goes as well.
  process.once('disconnect', leave)
  if (!process.connected) leave()
}

/** Lets go of the main process, so that this one ends as soon as it has nothing more to do. */
export function endWith(lastWord: object): void {
  process.off('disconnect', leave)
  process.send?.(lastWord, () => process.disconnect())
}

function leave(): never {
  process.exit(1)
}
