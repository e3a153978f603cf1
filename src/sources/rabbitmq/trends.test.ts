import { describe, expect, it } from 'vitest'
import type { Queue } from './queues.ts'
import { createTrends } from './trends.ts'

const GROWTH_MS = 600_000

function queue(ready: number | undefined, delivered = 0): Queue {
  return {
    subject: '%2F/claims',
    vhost: '/',
    name: 'claims',
    type: 'classic',
    state: 'running',
    durable: true,
    temporary: false,
    ready,
    messages: ready,
    consumers: 1,
    delivered,
    headTimeMs: undefined,
    replicas: undefined,
  }
}

/** Looks each minute at a queue of these lengths. Returns what each look shows. */
function looks(lengths: readonly (number | undefined)[], delivered: (look: number) => number = (look) => look) {
  const trends = createTrends(GROWTH_MS)
  return lengths.map((length, look) => trends.note([queue(length, delivered(look))], look * 60_000).get('%2F/claims'))
}
const minutes = Array.from({ length: 31 }, (_, minute) => minute)

describe('a queue', () => {
  it('grows where it is longer in a half of the time than it ever was in the half before', () => {
    const seen = looks(minutes.map((minute) => 1_000 + 10 * minute))
    expect(seen.findIndex((trend) => trend?.growing)).toBe(10)
    expect(seen.at(-1)).toMatchObject({ growing: true, rate: 10 / 60 })
  })

  it.each([
    ['stays as long as it is', () => 5_000],
    ['comes and goes', (minute: number) => 5_000 + 500 * (minute % 3)],
    ['becomes shorter', (minute: number) => 5_000 - 10 * minute],
    ['is filled once and stays so', (minute: number) => (minute < 12 ? 100 : 5_000) - (minute >= 12 ? minute : 0)],
  ] as const)('that %s does not grow in the end', (_, length) => {
    expect(looks(minutes.map(length)).at(-1)?.growing).toBe(false)
  })

  it('no longer grows as soon as it is shorter than it was', () => {
    const seen = looks([...minutes.map((minute) => 1_000 + 10 * minute), 0])
    expect(seen.at(-1)).toMatchObject({ growing: false, grown: 0 })
  })

  it('has a rate from the second look on, by which it becomes empty', () => {
    const [first, second] = looks([6_000, 5_400])
    expect(first?.rate).toBeUndefined()
    expect(second?.rate).toBe(-10)
  })

  it('counts what came in within the time, since it was shortest', () => {
    expect(looks([3, 3, 20, 8, 9]).map((trend) => trend?.grown)).toEqual([0, 0, 17, 5, 6])
    expect(looks(minutes.map((minute) => minute)).at(-1)?.grown).toBeLessThanOrEqual(10)
  })

  it('counts what came in since another process saw it, once', () => {
    const trends = createTrends(GROWTH_MS)
    const remembered = new Map([['%2F/claims', 4]])
    const grownAt = (length: number, nowMs: number) =>
      trends.note([queue(length)], nowMs, remembered).get('%2F/claims')?.grown
    expect([grownAt(30, 0), grownAt(31, 60_000), grownAt(31, GROWTH_MS), grownAt(31, 2 * GROWTH_MS)]).toEqual([
      26, 27, 27, 0,
    ])
    expect(
      createTrends(GROWTH_MS)
        .note([queue(3)], 0, remembered)
        .get('%2F/claims')?.grown,
    ).toBe(0)
  })

  it('is idle while messages wait and none is given to a consumer', () => {
    const given = [0, 0, 5, 5, 5]
    const seen = looks([0, 7, 7, 7, 9], (look) => given[look] ?? 0)
    expect(seen.map((trend) => trend?.idleMs)).toEqual([0, 0, 0, 60_000, 120_000])
  })

  it('without statistics is not told about, and what was known of it stays', () => {
    const seen = looks([7, undefined, 7], () => 0)
    expect(seen[1]).toBeUndefined()
    expect(seen[2]?.idleMs).toBe(120_000)
  })

  it('that was not seen for longer than growth is watched begins anew', () => {
    const trends = createTrends(GROWTH_MS)
    trends.note([queue(100)], 0)
    expect(trends.note([queue(900)], GROWTH_MS + 1).get('%2F/claims')).toEqual({
      growing: false,
      rate: undefined,
      grown: 0,
      idleMs: 0,
    })
    trends.note([], GROWTH_MS + 2)
    expect(trends.note([queue(900)], GROWTH_MS + 3).get('%2F/claims')?.rate).toBeUndefined()
  })
})
