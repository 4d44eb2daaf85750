import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import type { ProgramInput, ProgramReport } from './exits/program.ts'
import { logFiles } from './lines-on-disk.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Inside the package, so that the programs find 'logflume' and the peers by their names, as a user's do. */
export const PROGRAMS = join(ROOT, '.cache', 'exits')
/** Has a forwarding thread die when it is told to. */
const TROUBLE = join(ROOT, 'test', 'forward', 'fixtures', 'trouble-in-worker.cjs')

/** Milliseconds after which a program is ended that does not end by itself. */
const TIMEOUT = 20_000
/** The same for one whose sink hangs. */
const HUNG_TIMEOUT = 120_000

let built: Promise<void> | undefined

/** Scripts that Node alone can run: a TypeScript loader would be measured too. */
function buildPrograms(): Promise<void> {
  const sources = join(ROOT, 'bench', 'exits')
  return (built ??= build({
    config: false,
    entry: readdirSync(sources).map((file) => join(sources, file)),
    outDir: PROGRAMS,
    format: 'esm',
    target: 'node20',
    skipNodeModulesBundle: true,
    silent: true,
  }))
}

/** How a program ended, and what it left. */
export interface ExitRun {
  readonly end: number | NodeJS.Signals
  readonly stderr: string
  /** Lines on disk, those only that are whole and were logged by it, each once. */
  readonly lines: number
  /** Lines that are there twice, not in their order, or in pieces. */
  readonly wrong: number
  /** What a program with a hung sink measured of itself. */
  readonly report: ProgramReport | undefined
  /** Milliseconds from that report until the process was gone. */
  readonly exit: number
}

/** Runs a program to its end in a directory of its own. */
export async function runExit(
  script: string,
  input: Omit<ProgramInput, 'dir'>,
  parent: string,
): Promise<ExitRun> {
  await buildPrograms()
  const dir = await mkdtemp(join(parent, 'exit-'))
  try {
    const end = await run(join(PROGRAMS, `${script}.js`), { ...input, dir })
    return { ...end, ...(await countLines(dir)) }
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function run(script: string, input: ProgramInput): Promise<Omit<ExitRun, 'lines' | 'wrong'>> {
  const child = spawn(process.execPath, [script, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: input.ending === 'hung sink' ? HUNG_TIMEOUT : TIMEOUT,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      NODE_OPTIONS: input.ending === 'worker dead' ? `--require ${JSON.stringify(TROUBLE)}` : '',
    },
  })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill) // An interrupted benchmark leaves no program behind.
  let stderr = ''
  let report: ProgramReport | undefined
  let reportedAt = 0
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    report = JSON.parse(line) as ProgramReport
    reportedAt = performance.now()
    if (report.said === 'blocked') child.kill('SIGTERM')
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  process.removeListener('exit', kill)
  return { end: signal ?? code ?? -1, stderr: stderr.trim(), report, exit: performance.now() - reportedAt }
}

async function countLines(dir: string): Promise<Pick<ExitRun, 'lines' | 'wrong'>> {
  const found = new Set<number>()
  let newest = -1
  let wrong = 0
  for (const file of await logFiles(dir)) {
    const lines = (await readFile(join(dir, file), 'utf8')).split('\n')
    if (lines.pop() !== '') wrong++
    for (const line of lines) {
      const number = Number(/\bline (\d+)\b/.exec(line)?.[1] ?? NaN)
      if (!(number > newest)) wrong++
      if (!Number.isNaN(number)) found.add((newest = number))
    }
  }
  return { lines: found.size, wrong }
}
