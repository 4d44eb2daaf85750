import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from '../account.ts'

export interface GrowingFilesOptions {
  readonly dir: string
  readonly files: number
  /** Lines per second, of each. */
  readonly rate: number
}

/** Files that a service which never fails appends numbered lines to, for programs that tail files. */
export class GrowingFiles {
  readonly paths: readonly string[]
  readonly #rate: number
  readonly #lines: number[]
  #timer: NodeJS.Timeout | undefined

  constructor({ dir, files, rate }: GrowingFilesOptions) {
    this.paths = Array.from({ length: files }, (_, file) => join(dir, `app-${file}.log`))
    this.#rate = rate
    this.#lines = this.paths.map(() => 0)
    for (const path of this.paths) appendFileSync(path, '')
  }

  get lines(): number {
    return this.#lines.reduce((sum, lines) => sum + lines, 0)
  }

  start(): void {
    const started = performance.now()
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - started) * this.#rate) / 1000)
      for (const [app, path] of this.paths.entries()) this.#append(app, path, due)
    }, 10)
  }

  #append(app: number, path: string, due: number): void {
    let text = ''
    let n = this.#lines[app] ?? 0
    for (; n < due; n++) text += `${line(app, n)}\n`
    this.#lines[app] = n
    appendFileSync(path, text)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async account(account: Account): Promise<void> {
    for (const path of this.paths) {
      const bytes = await readFile(path)
      for (let from = 0, to = bytes.indexOf(10); to >= 0; from = to + 1, to = bytes.indexOf(10, from)) {
        account.logged(path, bytes.subarray(from, to))
      }
    }
  }
}

/** Like those of an app under test, and of their sizes. */
function line(app: number, n: number): string {
  const pad = 'x'.repeat(n % 997 === 0 ? 20_000 : 40 + ((n * 37) % 150))
  const time = new Date().toISOString()
  return `{"@timestamp":"${time}","message":"order placed","app":${app},"run":0,"n":${n},"pad":"${pad}"}`
}
