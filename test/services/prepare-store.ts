import { cpSync } from 'node:fs'
import { createGateway } from '../../src/app/gateway.ts'
import { openEmbedded } from '../../src/store/embedded.ts'

// Starts a gateway once on the store that the environment names, so that it has the newest schema and no event. EMPTY_DIR gets
// an embedded database without tables, from which the other one is made.
const { EMPTY_DIR, TEAMS_DATA_DIR } = process.env
if (EMPTY_DIR && TEAMS_DATA_DIR) {
  await (await openEmbedded(EMPTY_DIR)).close()
  cpSync(EMPTY_DIR, TEAMS_DATA_DIR, { recursive: true })
}
const gateway = await createGateway({ settings: { TEAMS_LOG_LEVEL: 'silent' }, deliver: false })
await gateway.stop()
