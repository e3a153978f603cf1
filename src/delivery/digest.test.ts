import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import type { DigestPart, WaitingGroup } from '../store/digests.ts'
import { assign, digestData } from './digest.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const group = (eventType: string, count: number, overrides: Partial<WaitingGroup> = {}): WaitingGroup => ({
  fingerprint: eventType,
  eventType,
  priority: 'INFO',
  language: 'en',
  count,
  ...overrides,
})
/** Which groups share a digest, as lists of fingerprints. */
const shared = (groups: readonly WaitingGroup[], options: { atLeast: number; cards: number }) =>
  [...Map.groupBy(assign(groups, options, catalogue), ({ digestId }) => digestId).values()].map((members) =>
    members.map(({ fingerprint }) => fingerprint),
  )

describe('members of a digest', () => {
  it('share a fingerprint, where it has enough of them', () => {
    const groups = [
      group('nphies.claim.submitted', 5),
      group('deployment.completed', 2),
      group('vault.unseal.complete', 1),
    ]
    expect(shared(groups, { atLeast: 2, cards: 30 })).toEqual([['nphies.claim.submitted'], ['deployment.completed']])
    expect(shared(groups, { atLeast: 11, cards: Number.POSITIVE_INFINITY })).toEqual([])
  })

  it('share priority and language, where there are more fingerprints than cards allowed', () => {
    const groups = [group('a', 9), group('b', 8), group('c', 2), group('d', 1), group('e', 1, { priority: 'LOW' })]
    expect(shared(groups, { atLeast: 2, cards: 4 })).toEqual([['a'], ['b'], ['c', 'd']])
    expect(shared(groups, { atLeast: 2, cards: 1 })).toEqual([['a', 'b', 'c', 'd']])
  })

  it('never have two languages', () => {
    const groups = [group('a', 2), group('a', 2, { language: 'ar' })]
    expect(shared(groups, { atLeast: 2, cards: 1 })).toEqual([['a'], ['a']])
  })

  it('are counted by the digest field of their type, where they have one type', () => {
    const [own, ...rest] = assign([group('nphies.claim.submitted', 5)], { atLeast: 2, cards: 30 }, catalogue)
    expect(own).toMatchObject({ groupBy: 'payer' })
    expect(rest).toEqual([])
    expect(assign([group('a', 2), group('b', 2)], { atLeast: 2, cards: 1 }, catalogue)).toMatchObject([
      { groupBy: undefined },
      { groupBy: undefined },
    ])
  })
})

describe('data of a digest', () => {
  const part = (label: string | null, count: number, second: number, ids: readonly string[]): DigestPart => ({
    digestId: 'd',
    eventType: 'nphies.claim.submitted',
    label,
    count,
    firstAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)),
    lastAt: new Date(Date.UTC(2026, 0, 1, 0, 1, second)),
    correlationIds: ids,
  })

  it('has count, types, period, largest groups first, and the number of further ids', () => {
    expect(
      digestData('d', [part('Bupa', 2, 5, ['a', 'b']), part('Tawuniya', 3, 1, ['c']), part(null, 1, 9, [])], 'payer'),
    ).toEqual({
      component: 'nphies.claim.submitted',
      summary: '6 × nphies.claim.submitted',
      count: 6,
      first_at: '2026-01-01T00:00:01.000Z',
      last_at: '2026-01-01T00:01:09.000Z',
      event_types: [{ label: 'nphies.claim.submitted', count: 6 }],
      group_by: 'payer',
      groups: [
        { label: 'Tawuniya', count: 3 },
        { label: 'Bupa', count: 2 },
      ],
      correlation_ids: ['a', 'b', 'c'],
      more: 3,
      digest_id: 'd',
    })
  })

  it('has no groups, and "several" as component, for more than one type', () => {
    const other = { ...part(null, 1, 1, []), eventType: 'deployment.completed' }
    const data = digestData('d', [part(null, 2, 1, []), other], undefined)
    expect(data).toMatchObject({ component: 'several', summary: '3 × several', groups: [] })
    expect(data).not.toHaveProperty('group_by')
  })

  it('has at most a hundred groups, and the number of further ones', () => {
    const parts = Array.from({ length: 250 }, (_, i) => part(`payer ${i}`, 1, 1, [`id ${i}`]))
    const data = digestData('d', parts, 'payer')
    expect(data.groups).toHaveLength(100)
    expect(data.correlation_ids).toHaveLength(20)
    expect(data).toMatchObject({ count: 250, more_groups: 150, more: 230 })
  })
})
