import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSchedule } from './schedule.ts'

const options = { seed: 5, processes: 4, brokers: 3, kills: 100, pace: 200 }

function first<T>(steps: Iterable<T>, count: number): T[] {
  const taken: T[] = []
  for (const step of steps) {
    taken.push(step)
    if (taken.length === count) break
  }
  return taken
}

test('the seed determines everything', () => {
  const draw = (seed: number) => {
    const { processes, brokers, network } = drawSchedule({ ...options, seed })
    return { processes, brokers: first(brokers, 50), network: first(network, 50) }
  }
  assert.deepEqual(draw(5), draw(5))
  assert.notDeepEqual(draw(5), draw(6))
})

test('processes are killed as often as asked for, all of them, and the last step is a kill', () => {
  const { processes } = drawSchedule(options)
  const kills = processes.filter(({ kind }) => kind.startsWith('kill'))
  assert.ok(kills.some(({ kind }) => kind === 'kill unanswered'))
  assert.equal(kills.length, 100)
  assert.equal(processes.at(-1), kills.at(-1))
  assert.deepEqual([...new Set(kills.map(({ target }) => target))].sort(), [0, 1, 2, 3])
})

test('every kind of fault comes, to every broker', () => {
  const { brokers, network } = drawSchedule(options)
  const [ofBrokers, ofNetwork] = [first(brokers, 100), first(network, 200)]
  assert.deepEqual([...new Set(ofBrokers.map(({ kind }) => kind))].sort(), ['kill', 'pause'])
  assert.deepEqual([...new Set(ofNetwork.map(({ kind }) => kind))].sort(), [
    'cut',
    'delay',
    'half-close',
    'lose answers',
    'stall',
  ])
  for (const steps of [ofBrokers, ofNetwork]) {
    assert.deepEqual([...new Set(steps.map(({ target }) => target))].sort(), [0, 1, 2])
  }
})
