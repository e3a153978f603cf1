import { createGateway } from '../../src/app/gateway.ts'

// Starts a gateway once on the store that the environment names, so that it has the newest schema and no event.
const gateway = await createGateway({ settings: { TEAMS_LOG_LEVEL: 'silent' }, deliver: false })
await gateway.stop()
