import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { networkFileSystem } from '../../src/journal/network-file-system.ts'

/** What `statfs` says, but for the type. */
function typed(type: number): typeof statfsSync {
  return ((path: string) => Object.assign(statfsSync(path), { type })) as typeof statfsSync
}

for (const [type, name] of [
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x1021997, '9P'],
  [0xef53 /* ext4 */, undefined],
  [0x1021994 /* tmpfs */, undefined],
] as const) {
  test(`a file system of type ${type.toString(16)} is ${name ?? 'local'}`, () => {
    assert.equal(networkFileSystem(tmpdir(), typed(type)), name)
  })
}

test('the directory for temporary files is local', () => {
  assert.equal(networkFileSystem(tmpdir()), undefined)
})

test('a directory that is not there is taken for local', () => {
  assert.equal(networkFileSystem('/no/such/directory'), undefined)
})
