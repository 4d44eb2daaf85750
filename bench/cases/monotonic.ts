/** Microseconds on the machine's monotonic clock, which all of its processes share. */
export function now(): number {
  return Math.round(Number(process.hrtime.bigint()) / 1000)
}
