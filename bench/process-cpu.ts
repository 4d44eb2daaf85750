import { readFile } from 'node:fs/promises'

/** The kernel's unit of CPU time in /proc, in microseconds. */
const TICK = 10_000

/** CPU that a process has used up to now, all its threads, in microseconds. */
export async function processCpu(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // Behind the name in brackets, which may have blanks: user and system are the 12th and the 13th.
  const figures = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(figures[11]) + Number(figures[12])) * TICK
}
