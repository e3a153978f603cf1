import { expect, it } from 'vitest'
import type { Actor } from '../../contract/actions.ts'
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
  })
  const link: LinkPayload = { notificationId: 'a', action: 'discard', expiresAt: now }
  const actor = (id: string): Actor => ({ via: 'entra', id, name: id, verified: true, roles: [], relayedBy: null })
  for (const id of ['sara', 'sara', 'sara', 'omar']) await refusals.record('form_forged', link, actor(id))
  expect(recorded).toEqual(['sara', 'sara', 'omar'])
})
