import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import type { HttpServerOptions } from '../../src/http/server.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createMemoryService } from './memory-service.ts'

/** The built-in event types, as the catalogue gives them. */
export const ACCEPTED_TYPES = Object.entries(EVENT_TYPES).map(([name, row]) => ({
  name,
  ...row,
  schema: CARD_DATA[row.card],
}))

export const ALIASES = new Map(
  Object.entries(EVENT_TYPES).flatMap(([name, row]) =>
    'aliases' in row ? row.aliases.map((a) => [a, name] as const) : [],
  ),
)

export const TOKENS = {
  sender: 'sender-token-0123456789',
  reader: 'reader-token-0123456789',
  actor: 'actor-token-0123456789',
  admin: 'admin-token-0123456789',
}

/** The tokens above as the setting has them. */
export const API_TOKENS = [
  `claims:send:${TOKENS.sender}`,
  `grafana:read:${TOKENS.reader}`,
  `ops:read+act:${TOKENS.actor}`,
  `root:admin:${TOKENS.admin}`,
]

/** An HTTP service on a free port with a service in memory; closed when the test is over. */
export function createTestServer(
  settings: Partial<HttpServerOptions['settings']> = {},
  options: Partial<HttpServerOptions> = {},
) {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const service = createMemoryService()
  const metrics = createMetrics()
  const server = createHttpServer({
    service,
    metrics,
    log: createLog('debug', destination),
    version: '1.2.3',
    eventTypes: ACCEPTED_TYPES,
    aliases: ALIASES,
    ...options,
    settings: {
      TEAMS_HTTP_HOST: '127.0.0.1',
      TEAMS_HTTP_PORT: 0,
      TEAMS_API_TOKENS: undefined,
      TEAMS_INBOUND_SECRETS: undefined,
      TEAMS_MAX_BODY_BYTES: 1_048_576,
      TEAMS_SHUTDOWN_TIMEOUT: 5,
      ...settings,
    },
  })
  onTestFinished(() => server.stop())
  return { ...server, service, metrics, lines }
}

/** The seeds' second event, field for field. */
export const CLAIM = {
  event_type: 'nphies.claim.submitted',
  correlation_id: 'corr-claim-xyz789',
  data: {
    claim_id: 'CLM-2025-001234',
    poll_id: 'POLL-ABC123XYZ',
    patient_id: 'P123456789',
    provider: 'King Fahad Medical City (KFMC)',
    payer: 'Saudi Payer (701)',
    total_amount: '15000 SAR',
    services: [
      { description: 'Consultation (E/M 99213)', amount: '500 SAR' },
      { description: 'Lab Tests (CBC, HbA1c)', amount: '1500 SAR' },
      { description: 'Medication (Metformin 1000mg)', amount: '3000 SAR' },
    ],
  },
  stakeholders: ['Integration Team', 'PMO'],
  priority: 'INFO',
}
