import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
  /** Both in one file, as a broker wants them. */
  readonly file: string
}

/** An authority of its own that signs for brokers and clients, all of it in `folder`. */
export class Authority {
  /** Its certificate, PEM. */
  readonly ca: string
  readonly file: string
  readonly #folder: string

  private constructor(folder: string, ca: string) {
    this.#folder = folder
    this.ca = ca
    this.file = join(folder, 'ca.pem')
  }

  static async create(folder: string): Promise<Authority> {
    await openssl(folder, 'ca', ['-subj', '/CN=an authority'])
    return new Authority(folder, await readFile(join(folder, 'ca.pem'), 'utf8'))
  }

  /** For `names`, as in 'IP:127.0.0.1' or 'DNS:localhost'. */
  async sign(name: string, names: readonly string[]): Promise<Certificate> {
    const folder = this.#folder
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', `subjectAltName=${names.join(',')}`]
    await openssl(folder, name, ['-subj', `/CN=${name}`, ...by])
    const [cert, key] = await Promise.all(
      ['pem', 'key'].map((kind) => readFile(join(folder, `${name}.${kind}`), 'utf8')),
    )
    const file = join(folder, `${name}-both.pem`)
    await writeFile(file, `${key}${cert}`)
    return { cert: cert!, key: key!, file }
  }
}

async function openssl(folder: string, name: string, args: readonly string[]): Promise<void> {
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ]
  const certificate = ['req', '-x509', '-days', '2', ...key, '-out', `${name}.pem`, ...args]
  await promisify(execFile)('openssl', certificate, { cwd: folder })
}
