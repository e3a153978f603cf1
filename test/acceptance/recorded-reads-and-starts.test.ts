import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Tables } from '../../src/store/tables.ts'
import { embeddedFolder } from '../services/database.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { serveQuick } from './gateways.ts'

const ORIGIN = 'http://127.0.0.1:9'

async function entriesOf(db: Kysely<Tables>, kind: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { rows } = await sql<{ body: string }>`
    SELECT convert_from(body, 'UTF8') AS body FROM teams_audit_entries ORDER BY id`.execute(db)
  return rows.map(({ body }) => JSON.parse(body)).filter((entry) => entry.kind === kind)
}

describe.each(KINDS)('the audit trail of a gateway on %s', (kind) => {
  it('has its start, a changed webhook URL, and each read of a card over HTTP, without which nothing is shown', async () => {
    const file = join(embeddedFolder(), 'webhooks.yaml')
    const write = (text: string) => {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    }
    write(`sre: ${ORIGIN}/a?sig=abc\n`)
    const gateway = await serveQuick(await startedStore(kind), {
      TEAMS_SANDBOX_ORIGIN: ORIGIN,
      TEAMS_WEBHOOKS_FILE: file,
      TEAMS_VAULT_REFRESH: 1,
    })
    const { service, database } = gateway.wired
    const { kysely } = database
    expect(await entriesOf(kysely, 'gateway.started')).toMatchObject([{ first: true, changed: [] }])

    write(`sre: ${ORIGIN}/b?sig=abc\n`)
    const secrets = async () =>
      (await entriesOf(kysely, 'secrets.changed')).map((entry) => [entry.at_start, entry.channels])
    await expect.poll(secrets, { timeout: 10_000 }).toEqual([
      [true, ['sre']],
      [false, ['sre']],
    ])

    const event = { eventType: 'vault.seal.detected', data: { node: 'vault-1' }, stakeholders: ['sre'] }
    const [acceptance] = await service.accept([event], 'test')
    const id = acceptance?.notifications[0]?.id
    const ask = () => fetch(`${gateway.origin}/v1/notifications/${id}`)
    expect(await (await ask()).json()).toMatchObject({ id, data: { node: 'vault-1' } })
    await fetch(`${gateway.origin}/v1/notifications`)
    expect((await fetch(`${gateway.origin}/v1/notifications/${acceptance?.eventId}`)).status).toBe(404)
    expect(await entriesOf(kysely, 'record.read')).toMatchObject([
      { what: 'notification', count: 1, first: id, last: id, via: 'unauthenticated' },
    ])

    await sql`ALTER TABLE teams_audit_values RENAME TO away`.execute(kysely)
    const refused = await ask()
    expect(refused.status).toBe(503)
    expect(await refused.text()).not.toContain('vault-1')
    await sql`ALTER TABLE away RENAME TO teams_audit_values`.execute(kysely)
    expect((await ask()).status).toBe(200)
  })
})
