import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimSlot, isAlive } from '../../src/journal/lock.ts'
import { temporaryDirectory } from './open-journal.ts'

const self = { pid: 10, started: '500', world: 'boot pid:[1]', host: 'h' }

for (const [name, owner, startedNow, exists, expected] of [
  ['the process is there', self, '500', true, true],
  ['the process is gone', self, undefined, false, false],
  ['its pid belongs to another process now', self, '900', true, false],
  [
    'it lives in another container, where the same pid is somebody else',
    { ...self, world: 'boot pid:[2]' },
    '500',
    true,
    undefined,
  ],
  ['the machine was started anew', { ...self, world: 'earlier pid:[1]' }, '500', true, undefined],
] as const) {
  test(`a lock's owner: ${name}: ${expected === undefined ? 'cannot be told' : expected ? 'alive' : 'dead'}`, () => {
    assert.equal(isAlive(owner, self, startedNow, exists), expected)
  })
}

test('without /proc the host decides who can be seen', () => {
  const bare = { pid: 10, started: undefined, world: undefined, host: 'h' }
  assert.equal(isAlive(bare, bare, undefined, true), true)
  assert.equal(isAlive(bare, { ...bare, host: 'other' }, undefined, true), undefined)
})

test('a released slot is free again; its lock stays as one file', async (t) => {
  const dir = await temporaryDirectory(t)
  for (let round = 0; round < 5; round++) {
    const lock = claimSlot(dir, 'shop')
    assert.equal(lock.slot, 0)
    lock.release()
  }
  assert.deepEqual(await readdir(join(dir, '.logflume')), ['shop.0.lock.5'])
})

test('the lock of a process that was killed holds nobody off', async (t) => {
  const dir = await temporaryDirectory(t)
  const code = `
    const { claimSlot } = await import(${JSON.stringify(import.meta.resolve('../../src/journal/lock.ts'))})
    console.log(claimSlot(${JSON.stringify(dir)}, 'shop').slot)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [slot] = (await once(child.stdout, 'data')) as [Buffer]
  assert.equal(String(slot).trim(), '0')
  const beside = claimSlot(dir, 'shop')
  assert.equal(beside.slot, 1)
  beside.release()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const after = claimSlot(dir, 'shop')
  t.after(() => after.release())
  assert.equal(after.slot, 0)
})

test('a lock from another world is held while it is touched, and not for ever', async (t) => {
  const dir = await temporaryDirectory(t)
  claimSlot(dir, 'shop').release()
  const file = join(dir, '.logflume', 'shop.0.lock.1')
  await writeFile(file, JSON.stringify({ pid: 1, started: '1', world: 'elsewhere', host: 'container' }))
  const beside = claimSlot(dir, 'shop')
  assert.equal(beside.slot, 1)
  beside.release()
  const longAgo = new Date(Date.now() - 120_000)
  await utimes(file, longAgo, longAgo)
  const taken = claimSlot(dir, 'shop')
  t.after(() => taken.release())
  assert.equal(taken.slot, 0)
})

test('of many processes that claim at once each has a slot of its own', async (t) => {
  const dir = await temporaryDirectory(t)
  const code = `
    const { claimSlot } = await import(${JSON.stringify(import.meta.resolve('../../src/journal/lock.ts'))})
    process.stdin.once('data', () => { console.log(claimSlot(${JSON.stringify(dir)}, 'shop').slot) })
    console.log('ready')`
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  t.after(() => children.forEach((child) => child.kill('SIGKILL')))
  await Promise.all(children.map((child) => once(child.stdout, 'data')))
  const claims = children.map(async (child) =>
    Number(String(((await once(child.stdout, 'data')) as [Buffer])[0])),
  )
  for (const child of children) child.stdin.write('go\n')
  assert.deepEqual((await Promise.all(claims)).sort(), [0, 1, 2, 3, 4, 5])
  for (const slot of [0, 1, 2, 3, 4, 5]) {
    assert.match(await readFile(join(dir, '.logflume', `shop.${slot}.lock.1`), 'utf8'), /"pid":\d+/)
  }
})
