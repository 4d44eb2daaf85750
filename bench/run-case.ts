import { fork } from 'node:child_process'
import { once } from 'node:events'
import { caseScript } from './build.ts'
import type { CaseMessage } from './cases/report.ts'

/** Milliseconds after which a case has failed. */
const TIMEOUT = 300_000

export interface CaseOptions {
  /** Called when a message comes in, the last one (the result) included. */
  readonly onMessage?: (message: CaseMessage) => void
  /** The Node that runs it. @default the one that runs the benchmark */
  readonly execPath?: string | undefined
  /** Flags of that Node. @default none: ours load TypeScript */
  readonly flags?: readonly string[]
  /** Milliseconds after which it has failed. @default 300_000 */
  readonly timeout?: number
}

/** Runs one case in a process of its own, to its end, and resolves with what it reported. */
export async function runCase<R>(
  name: string,
  input: object,
  { onMessage, execPath = process.execPath, flags = [], timeout = TIMEOUT }: CaseOptions = {},
): Promise<R> {
  const script = await caseScript(name)
  const child = fork(script, [JSON.stringify(input)], {
    execPath,
    execArgv: [...flags],
    serialization: 'advanced', // of which NaN comes back as it was
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    timeout,
    killSignal: 'SIGKILL',
  })
  const endToo = (): boolean => child.kill('SIGKILL')
  process.once('exit', endToo)
  let stderr = ''
  let result: object | undefined
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
  child.on('message', (message: CaseMessage) => {
    if ('result' in message) result = message.result
    onMessage?.(message)
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  process.off('exit', endToo)
  if (result === undefined || code !== 0) {
    const end = signal ?? `code ${code}`
    throw new Error(`${name} ${JSON.stringify(input)} ended with ${end}:\n${stderr.trim()}`)
  }
  return result as R
}
