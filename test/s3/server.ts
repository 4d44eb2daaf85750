import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { cachedFolder } from '../cache.ts'
import { freePort, isListening } from '../kafka/ports.ts'
import { ToolchainError } from '../kafka/toolchain.ts'
import { ServerProcess } from '../server-process.ts'
import { shared } from '../shared-server.ts'

/** It checks signatures and checksums, as few servers for tests do. */
const VERSION = 'v1.8.0'
const MODULE = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`

export interface S3Server {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly process: ServerProcess
  /** Ends itself with the server. */
  readonly client: S3Client
  /** A new one, of that name. */
  readonly bucket: () => Promise<string>
  stop(): Promise<void>
}

/** The program, built where the cache does not have it. */
function gateway(): Promise<string> {
  return cachedFolder({
    name: `versitygw-${VERSION}`,
    notice: `building versitygw ${VERSION} with Go, about a minute, once`,
    fetch: async (folder) => {
      const env = { ...process.env, GOBIN: folder, GOFLAGS: '-buildvcs=false' }
      await promisify(execFile)('go', ['install', MODULE], { env, timeout: 600_000 }).catch(
        (error: unknown) => {
          const { code, stderr = '' } = error as { code?: string; stderr?: string }
          if (code === 'ENOENT')
            throw new ToolchainError('An S3 server of our own needs Go; on Debian: apt-get install golang')
          throw new Error(`go install ${MODULE} failed:\n${stderr.slice(-1000)}`, { cause: error })
        },
      )
    },
  })
}

/** A real S3 server on 127.0.0.1 with its data in a temporary folder. It ends with this process. */
async function startS3(): Promise<S3Server> {
  const [program, port] = await Promise.all([gateway(), freePort()])
  const folder = await mkdtemp(join(tmpdir(), 'logflume-s3-'))
  const [data, attributes] = ['data', 'attributes'].map((name) => join(folder, name))
  await Promise.all([data!, attributes!].map((path) => mkdir(path)))
  const credentials = { accessKeyId: 'test', secretAccessKey: randomUUID() }
  const server = new ServerProcess({
    name: 'versitygw',
    folder,
    command: [
      join(program, 'versitygw'),
      '--port',
      `127.0.0.1:${port}`,
      'posix',
      '--sidecar',
      attributes!,
      data!,
    ],
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
  })
  const endpoint = `http://127.0.0.1:${port}`
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
  const stop = async (): Promise<void> => {
    client.destroy()
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await server.start()
    await server.ready(() => isListening(port))
  } catch (thrown) {
    await stop()
    throw thrown
  }
  const bucket = async (): Promise<string> => {
    const Bucket = `bucket-${randomUUID()}`
    await client.send(new CreateBucketCommand({ Bucket }))
    return Bucket
  }
  return { endpoint, credentials, process: server, client, bucket, stop }
}

/** One for this process, started at the first call and stopped after its last test. */
export const useS3 = shared(startS3)
