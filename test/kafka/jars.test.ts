import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { cacheFolder } from '../cache.ts'
import { kafkaJars } from './jars.ts'

/** A cache of its own, and a download that counts and writes two small jars. */
async function emptyCache(t: TestContext) {
  const cache = await mkdtemp(join(tmpdir(), 'logflume-jars-'))
  t.after(() => rm(cache, { recursive: true }))
  const told: string[] = []
  const fetch = async (folder: string) => {
    await writeFile(join(folder, 'kafka.jar'), 'kafka')
    await writeFile(join(folder, 'scala.jar'), 'scala')
  }
  return { cache, told, fetch, tell: (line: string) => void told.push(line) }
}

test('jars are fetched once', async (t) => {
  const options = await emptyCache(t)
  const folder = await kafkaJars(options)
  assert.equal(await kafkaJars(options), folder)
  assert.match(options.told.join(), /^fetching Kafka [\d.]+ from Maven Central, about 50 MB, once$/)
  assert.deepEqual(await readdir(folder), ['kafka.jar', 'manifest.json', 'scala.jar'])
})

for (const [damage, harm] of [
  ['a jar cut short', (folder: string) => truncate(join(folder, 'kafka.jar'), 3)],
  ['a jar missing', (folder: string) => rm(join(folder, 'scala.jar'))],
  ['no manifest', (folder: string) => rm(join(folder, 'manifest.json'))],
  ['half a manifest', (folder: string) => truncate(join(folder, 'manifest.json'), 5)],
] as const) {
  test(`a broken cache is fetched again: ${damage}`, async (t) => {
    const options = await emptyCache(t)
    const folder = await kafkaJars(options)
    await harm(folder)
    assert.equal(await kafkaJars(options), folder)
    assert.equal(options.told.length, 2)
    assert.equal(await readFile(join(folder, 'kafka.jar'), 'utf8'), 'kafka')
    assert.equal(await readFile(join(folder, 'scala.jar'), 'utf8'), 'scala')
    assert.deepEqual(await readdir(options.cache), [folder.slice(options.cache.length + 1)])
  })
}

test('a failed download leaves nothing behind, and the next one is whole', async (t) => {
  const options = await emptyCache(t)
  const fetch = async (folder: string) => {
    await writeFile(join(folder, 'kafka.jar'), 'ka')
    throw new Error('no network')
  }
  await assert.rejects(kafkaJars({ ...options, fetch }), /no network/)
  assert.deepEqual(await readdir(options.cache), [])
  await assert.rejects(kafkaJars({ ...options, fetch: () => Promise.resolve() }), /brought no jars/)
  assert.ok(await kafkaJars(options))
})

test('two that fetch at once both get the whole', async (t) => {
  const options = await emptyCache(t)
  const [one, two] = await Promise.all([kafkaJars(options), kafkaJars(options)])
  assert.equal(one, two)
  assert.equal(options.told.length, 2)
  assert.deepEqual(await readdir(one), ['kafka.jar', 'manifest.json', 'scala.jar'])
  assert.equal((await readdir(options.cache)).length, 1)
})

test('where the cache is', () => {
  assert.equal(cacheFolder({ LOGFLUME_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a')
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/b' }), '/b/logflume')
  assert.match(cacheFolder({}), /\/\.cache\/logflume$/)
})
