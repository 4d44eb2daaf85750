import type { Checkpoint } from './checkpoint.ts'
import type { Cut } from './cut.ts'
import type { Lanes } from './lane.ts'
import type { Topics } from './topics.ts'
import { describeCut, isTouched, type CutEntry } from './window.ts'

/**
 * What has to be known after a crash of what is on its way: all cuts up to the last that Kafka may have something
 * of, and with which number each lane goes on behind them. Cuts behind those are made as it comes.
 */
export function snapshot(
  cuts: readonly CutEntry[],
  again: readonly Cut[],
  lanes: Lanes,
  topics: Topics,
): Pick<Checkpoint, 'topics' | 'inFlight'> {
  const touched = 1 + cuts.findLastIndex(isTouched)
  const next = new Map<string, number>()
  for (const { lane, sequence } of cuts.slice(touched).flatMap(({ parts }) => parts))
    if (!next.has(lane.name)) next.set(lane.name, sequence)
  const states: Record<string, { home?: number; next: Record<string, number> }> = {}
  for (const { name, home } of topics) states[name] = { ...(home !== undefined && { home }), next: {} }
  for (const lane of lanes) {
    const state = (states[lane.topic] ??= { next: {} })
    state.next[lane.partition] = next.get(lane.name) ?? lane.next
  }
  return { topics: states, inFlight: [...cuts.slice(0, touched).map(describeCut), ...again] }
}
