import { expect, it } from 'vitest'
import type { Actor } from '../../contract/actions.ts'
import type { RefusedLink } from '../../contract/link-refusals.ts'
import type { LinkPayload } from '../../contract/link-token.ts'
import { createLog } from '../../kernel/log.ts'
import { createMetrics } from '../../metrics/metrics.ts'
import { createRefusals } from './refusals.ts'

it('records the refusals of one person however many another one had at the same link', async () => {
  const recorded: (string | null | undefined)[] = []
  const now = new Date()
  const refusals = createRefusals({
    service: { recordLinkRefusal: async ({ actor }) => void recorded.push(actor?.id) },
    metrics: createMetrics(),
    log: createLog('silent'),
    now: () => now,
    after: () => () => {},
  })
  const link: LinkPayload = { notificationId: 'a', action: 'discard', expiresAt: now }
  const actor = (id: string): Actor => ({ via: 'entra', id, name: id, verified: true, roles: [], relayedBy: null })
  for (const id of ['sara', 'sara', 'sara', 'omar']) await refusals.record('form_forged', link, actor(id))
  expect(recorded).toEqual(['sara', 'sara', 'omar'])
})

/** A recorder whose minute ends when the test says so. */
function inOneMinute() {
  const recorded: RefusedLink[] = []
  const timers: { readonly ms: number; readonly task: () => void }[] = []
  const refusals = createRefusals({
    service: { recordLinkRefusal: async (refused) => void recorded.push(refused) },
    metrics: createMetrics(),
    log: createLog('silent'),
    now: () => new Date('2026-11-30T08:00:15Z'),
    after(ms, task) {
      timers.push({ ms, task })
      return () => {}
    },
  })
  return { refusals, recorded, timers }
}

const linkTo = (notificationId: string): LinkPayload => ({ notificationId, action: 'discard', expiresAt: new Date() })

it('records those beyond two a minute as one entry with their number, when the minute is over', async () => {
  const { refusals, recorded, timers } = inOneMinute()
  for (let i = 0; i < 10; i += 1) await refusals.record('link_expired', linkTo('a'))
  expect(recorded.map(({ count }) => count)).toEqual([1, 1])
  expect(timers.map(({ ms }) => ms)).toEqual([45_000])
  timers[0]?.task()
  await refusals.flush()
  expect(recorded.slice(2)).toEqual([
    { code: 'link_expired', notificationId: 'a', action: 'discard', actor: null, count: 8 },
  ])
  await refusals.record('link_expired', linkTo('a'))
  expect(timers).toHaveLength(2)
})

it('leaves out none of a flood over many links, which makes at most 122 entries', async () => {
  const { refusals, recorded } = inOneMinute()
  for (let i = 0; i < 1_000; i += 1) await refusals.record(i % 2 ? 'too_many' : 'cross_site', linkTo(String(i % 300)))
  expect(recorded).toHaveLength(60)
  await refusals.flush()
  expect(recorded.length).toBeLessThanOrEqual(122)
  const total = (code: string) => recorded.filter((one) => one.code === code).reduce((sum, { count }) => sum + count, 0)
  expect([total('too_many'), total('cross_site')]).toEqual([500, 500])
  expect(recorded.at(-1)).toMatchObject({ notificationId: null, action: null, actor: null })
})
