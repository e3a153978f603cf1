import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createGateway } from '../../src/app/gateway.ts'
import { openEmbedded } from '../../src/store/embedded.ts'

// Starts a gateway once on the store that the environment names, so that it has the newest schema and no event. EMPTY_DIR gets
// an embedded database without tables, from which the other one is made.
const { EMPTY_DIR, TEAMS_DATA_DIR } = process.env
if (EMPTY_DIR && TEAMS_DATA_DIR) {
  await (await openEmbedded(EMPTY_DIR)).close()
  // Cheaper to copy: half of the files belong to template0 and template1, which PGlite never opens.
  for (const oid of ['1', '4']) rmSync(join(EMPTY_DIR, 'pglite', 'base', oid), { recursive: true })
  cpSync(EMPTY_DIR, TEAMS_DATA_DIR, { recursive: true })
}
const gateway = await createGateway({ settings: { TEAMS_LOG_LEVEL: 'silent' }, deliver: false })
await gateway.stop()
