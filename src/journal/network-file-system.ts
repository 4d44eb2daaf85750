import * as fs from 'node:fs'

/** Numbers by which Linux tells file systems apart (`man 2 statfs`) whose other end may not answer. */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0xc36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x1021997, '9P'],
])

/** The kind of network file system that a directory is on; undefined where it is on none that is known. */
export function networkFileSystem(dir: string, statfs = fs.statfsSync): string | undefined {
  try {
    return NETWORK.get(statfs(dir).type)
  } catch {
    // Not there yet, or a platform that cannot tell: whoever writes finds out.
    return undefined
  }
}
