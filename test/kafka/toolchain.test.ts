import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { findJava, findMaven, parseJavaVersion, ToolchainError } from './toolchain.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'logflume-toolchain-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

test('without Java or Maven, one sentence says so and how to install them', async (t) => {
  const env = { PATH: await folder(t) }
  await assert.rejects(findJava(env), (error) => {
    assert.ok(error instanceof ToolchainError)
    assert.equal(
      error.message,
      'A Kafka of our own needs Java 17 or newer, and none was found; ' +
        'on Debian: apt-get install openjdk-17-jre-headless maven',
    )
    return true
  })
  await assert.rejects(findMaven(env), {
    name: 'ToolchainError',
    message:
      'Fetching Kafka needs Maven, and none was found; ' +
      'on Debian: apt-get install openjdk-17-jre-headless maven',
  })
})

test('a Java that is too old is named', async (t) => {
  const path = await folder(t)
  const java = join(path, 'java')
  await writeFile(java, '#!/bin/sh\necho \'openjdk version "11.0.22" 2024-01-16\' >&2\n')
  await chmod(java, 0o755)
  await assert.rejects(
    findJava({ PATH: path }),
    /needs Java 17 or newer, and only java is Java 11; on Debian/,
  )
})

test('the versions that Java prints', () => {
  assert.equal(parseJavaVersion('openjdk version "17.0.15" 2025-04-15'), 17)
  assert.equal(parseJavaVersion('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21" 2023-09-19'), 21)
  assert.equal(parseJavaVersion('openjdk version "26-ea" 2026-03-17'), 26)
  assert.equal(parseJavaVersion('java version "1.8.0_402"'), 8)
  assert.equal(parseJavaVersion('No Java runtime present, requesting install.'), undefined)
})
