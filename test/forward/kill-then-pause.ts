import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaNode } from '../kafka/node.ts'

/** A broker dies and comes back, and then does not answer for longer than a request is waited for. */
export async function killThenPause(node: KafkaNode): Promise<void> {
  await node.kill()
  await node.restart()
  await delay(500)
  node.pause()
  await delay(3000)
  node.resume()
}
