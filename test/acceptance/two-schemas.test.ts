import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createMigrations } from '../../src/store/migrations.ts'
import { freshDatabase } from '../services/database.ts'
import { serveQuick } from './gateways.ts'

it('two gateways in two schemas of one database have separate notifications and wake-ups', async () => {
  const { url } = await freshDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query('CREATE SCHEMA gw2')
  const first = await serveQuick({ DATABASE_URL: url })
  const second = await serveQuick({ DATABASE_URL: `${url}?options=-c%20search_path%3Dgw2` })
  for (const [gateway, node] of [
    [first, 'of-first'],
    [second, 'of-second'],
  ] as const) {
    const event = { eventType: 'vault.seal.detected', data: { node }, stakeholders: ['sre'] } as const
    await gateway.wired.service.accept([event], 'test')
    await gateway.wired.sandbox?.model.waitFor('sre', 1)
    expect(gateway.wired.sandbox?.model.messages('sre')).toHaveLength(1)
    expect((await createMigrations(gateway.wired.database.kysely).status()).every((one) => one.appliedAt)).toBe(true)
  }
  const nodes = async (schema: string) =>
    (await client.query(`SELECT data ->> 'node' AS node FROM ${schema}.teams_events`)).rows
  expect(await nodes('public')).toEqual([{ node: 'of-first' }])
  expect(await nodes('gw2')).toEqual([{ node: 'of-second' }])
  const { rows } = await client.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'teams_engine%' ORDER BY 1")
  expect(rows).toEqual([{ nspname: 'teams_engine' }, { nspname: 'teams_engine_gw2' }])
})
