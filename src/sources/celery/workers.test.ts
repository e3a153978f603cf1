import { expect, it } from 'vitest'
import { createWorkers } from './workers.ts'

const beat = (worker: string, at: number, step: 'heartbeat' | 'online' | 'offline' = 'heartbeat') =>
  ({ about: 'worker', step, worker, at, intervalSeconds: 2 }) as const
const gone = () => false

function workersAt(names: readonly string[], now = 0) {
  const workers = createWorkers(30_000, undefined, now)
  for (const name of names) workers.note(beat(name, now), now)
  return workers
}

it('a worker is offline after 30 s without a heartbeat where its connection is gone, and after 90 s where it is not', () => {
  const workers = workersAt(['a', 'b'])
  workers.note(beat('b', 25_000), 25_000)
  expect(workers.suspects(9_000)).toEqual([])
  expect(workers.suspects(10_000)).toEqual(['a'])
  expect(workers.look(29_000, gone).offline).toEqual([])
  expect(workers.look(30_000, () => true).offline).toEqual([])
  expect(workers.look(30_000, gone)).toMatchObject({
    online: ['b'],
    offline: ['a'],
    gone: [{ worker: 'a', heard: false }],
  })
  expect(workers.look(31_000, gone)).toMatchObject({ offline: ['a'], gone: [] })
  expect(workers.look(115_000, () => true).offline).toEqual(['a', 'b'])
})

it('silence while the link was down is none', () => {
  const workers = workersAt(['a'])
  workers.linkUp(60_000)
  expect(workers.look(80_000, gone).offline).toEqual([])
  expect(workers.look(90_000, gone).offline).toEqual(['a'])
})

it('a worker that stopped in order is not offline, though heartbeats follow; its started tasks are lost if it stays away', () => {
  const workers = workersAt(['a'])
  workers.note(beat('a', 1_000, 'offline'), 1_000)
  workers.note(beat('a', 2_000), 2_000)
  expect(workers.look(599_000, gone)).toMatchObject({ online: [], offline: [], gone: [] })
  expect(workers.look(603_000, gone)).toMatchObject({ offline: [], gone: [{ worker: 'a', heard: true }] })
})

it('a worker that came after another was lost has replaced it, and one worker replaces one', () => {
  const workers = workersAt(['a', 'b'])
  workers.look(30_000, gone)
  workers.note(beat('c', 40_000, 'online'), 40_000)
  expect(workers.look(40_000, gone)).toMatchObject({ online: ['c'], offline: ['b'] })
  expect(workers.look(41_000, gone)).toMatchObject({ online: ['c'], offline: ['b'] })
  workers.note(beat('b', 42_000), 42_000)
  expect(workers.look(42_000, gone)).toMatchObject({ online: ['b', 'c'], offline: [] })
})

it('a restart remembers the workers, and gives each its time to be heard', () => {
  const before = workersAt(['a', 'b'])
  before.note(beat('b', 0, 'offline'), 0)
  const saved = JSON.parse(JSON.stringify(before.save()))
  const workers = createWorkers(30_000, saved, 1_000_000)
  expect(workers.look(1_000_000, gone)).toMatchObject({ online: ['a'], offline: [] })
  expect(workers.look(1_030_000, gone)).toMatchObject({ online: [], offline: ['a'] })
  for (const poison of [undefined, null, [], 'x', { a: 1, b: { state: 'x' }, c: { state: 'online', since: 7 } }])
    expect(createWorkers(30_000, poison as never, 0).look(0, gone).online).toEqual([])
})

it('says whose clock is wrong, by its heartbeat that came with the least delay', () => {
  const workers = workersAt(['a'])
  workers.note(beat('a', 0), 20_000)
  expect(workers.look(20_000, gone).drifting).toEqual([])
  workers.note(beat('a', 3_600_000), 21_000)
  expect(workers.look(21_000, gone).drifting).toEqual([{ worker: 'a', seconds: -3579 }])
})

it('remembers a bounded number of workers', () => {
  const workers = workersAt(Array.from({ length: 2_000 }, (_, index) => `w${index}`))
  expect(workers.look(0, gone).online).toHaveLength(500)
})
