import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { serveQuick } from '../acceptance/gateways.ts'
import { embeddedFolder } from '../services/database.ts'
import { startedStore } from '../services/stores.ts'

const CONFIG = `sources:
  claims_db: { kind: postgres, host: 127.0.0.1, port: 1, user: monitor }
`

it('a source whose secret changes while the gateway runs is named by one entry of the audit trail for each change', async () => {
  const folder = embeddedFolder()
  const [config, secrets] = [join(folder, 'config.yaml'), join(folder, 'sources.yaml')]
  writeFileSync(config, CONFIG)
  const rotate = (to: string) => {
    writeFileSync(`${secrets}.new`, `claims_db: "${to}"\n`)
    renameSync(`${secrets}.new`, secrets)
  }
  rotate('password-of-the-monitor-1')
  const gateway = await serveQuick(await startedStore('embedded'), {
    TEAMS_CONFIG_FILE: config,
    TEAMS_SOURCES_FILE: secrets,
    TEAMS_VAULT_REFRESH: 1,
  })
  const entries = async () => {
    const { rows } = await sql<{ body: Uint8Array }>`SELECT body FROM teams_audit_entries ORDER BY id`.execute(
      gateway.wired.database.kysely,
    )
    return rows
      .map(({ body }) => JSON.parse(Buffer.from(body).toString()))
      .filter(({ kind, at_start }) => kind === 'secrets.changed' && at_start === false)
  }
  for (const change of [2, 3]) {
    rotate(`password-of-the-monitor-${change}`)
    await expect
      .poll(entries, { timeout: 20_000 })
      .toEqual(Array(change - 1).fill(expect.objectContaining({ sources: ['claims_db'], channels: [], settings: [] })))
  }
})
