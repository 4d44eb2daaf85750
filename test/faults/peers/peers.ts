import type { Destination, Subject } from '../subject.ts'
import { startConnect } from './connect.ts'
import { startRsyslog } from './rsyslog.ts'

/** What can be put into the place of logflume, to see how it does. */
export const peers = ['rsyslog', 'connect-standalone', 'connect-distributed'] as const
export type Peer = (typeof peers)[number]

export interface PeerOptions extends Destination {
  readonly dir: string
  /** Files that grow. */
  readonly apps: number
  /** Lines per second, of each. */
  readonly rate: number
  /** Of the topic. */
  readonly replication: number
}

/** Rejects with a `ToolchainError` where the machine has not what the peer needs. */
export function startPeer(peer: Peer, options: PeerOptions): Promise<Subject> {
  switch (peer) {
    case 'rsyslog':
      return startRsyslog(options)
    case 'connect-standalone':
      return startConnect('standalone', options)
    case 'connect-distributed':
      return startConnect('distributed', options)
  }
}
