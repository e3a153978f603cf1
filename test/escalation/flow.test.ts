import { expect, it, onTestFinished } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import type { ConfigInput } from '../../src/catalogue/config-input.ts'
import { createClient } from '../../src/client/client.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const config: ConfigInput = {
  escalation: {
    policies: {
      quick: {
        for: [{ priorities: ['CRITICAL'] }],
        tiers: [
          { after: '0s', channels: ['devops'], mentions: [{ name: 'Sara', id: 'sara@hospital.example' }] },
          { after: '1h', channels: ['pmo'] },
        ],
      },
    },
  },
}

it("a tier's card arrives in its channel, an acknowledgement stops the timer, and unacknowledging starts it again", async () => {
  const store = await startedStore('postgres')
  const gateway = await serveGateway({ env: {}, settings: { ...QUICK, ...store, TEAMS_ESCALATION: 'on' }, config })
  onTestFinished(() => gateway.stop())
  const client = createClient({ url: gateway.origin })
  const event = { data: { node: 'vault-1' }, stakeholders: ['sre'] } as const
  const { eventId } = await client.send({ eventType: 'vault.seal.detected', ...event })

  const cards = async (): Promise<string> => (await fetch(`${gateway.origin}/sandbox/channels/devops/messages`)).text()
  await expect.poll(cards, { timeout: 30_000 }).toContain('Tier 2 of 3: nobody has acknowledged this for 0 minutes.')
  expect(await cards()).toContain('<at>Sara</at>')
  const list = async () => (await client.escalations.list()).escalations
  expect(await list()).toMatchObject([{ eventId, tier: 2, state: 'climbing', next: { what: 'tier', tier: 3 } }])

  await client.actions.act({ action: 'acknowledge', target: { eventId } })
  expect(await list()).toMatchObject([{ eventId, tier: 2, state: 'acknowledged', next: { what: 'reminder' } }])
  await client.actions.act({ action: 'unacknowledge', target: { eventId } })
  expect(await list()).toMatchObject([{ eventId, tier: 2, state: 'climbing', next: { what: 'tier', tier: 3 } }])
  const climbed = await client.actions.act({ action: 'escalate', target: { eventId }, inputs: { reason: 'now' } })
  expect(climbed).toMatchObject({ state: 'done', tier: 3 })
  expect(await list()).toMatchObject([{ eventId, tier: 3, next: null }])
  await client.actions.act({ action: 'discard', target: { eventId }, inputs: { reason: 'a drill' } })
  expect(await list()).toEqual([])
})
