import pg from 'pg'
import { expect, it } from 'vitest'
import { startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

it('a replica without webhook URLs claims nothing from a database whose cards go to real channels', async () => {
  const store = await startedStore('postgres')
  const trial = await serveQuick(store)
  await trial.wired.service.accept(
    [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }],
    'test',
  )
  await trial.wired.sandbox?.model.waitFor('sre', 1)
  await trial.stop()
  // A database that only ever saw the sandbox may see it again.
  const again = await serveQuick(store)
  expect(again.sandboxUrl).toBeDefined()
  await again.stop()

  const client = new pg.Client({ connectionString: 'DATABASE_URL' in store ? store.DATABASE_URL : '' })
  await client.connect()
  await client.query(
    "UPDATE teams_notifications SET webhook_url = 'https://prod-7.westeurope.logic.azure.com/workflows/…'",
  )
  await client.end()
  const forgotten = await serveQuick(store)
  expect(forgotten.sandboxUrl).toBeUndefined()
  const [answer] = await forgotten.wired.service.accept(
    [{ eventType: 'vault.seal.detected', data: { node: 'v' }, stakeholders: ['sre'] }],
    'test',
  )
  const channel = async () => (await forgotten.wired.service.listChannels()).find(({ key }) => key === 'sre')
  await expect.poll(async () => (await channel())?.lastOutcome).toBe('address_missing')
  const id = answer?.notifications[0]?.id ?? ''
  expect(await forgotten.wired.service.getNotification(id, 'test')).toMatchObject({ state: 'pending', attempts: [] })

  const meant = await serveQuick(store, { TEAMS_SANDBOX: 'on' })
  expect(meant.sandboxUrl).toBeDefined()
})
