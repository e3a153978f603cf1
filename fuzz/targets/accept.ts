import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { isObject } from '../../src/kernel/json.ts'
import { mutateBody } from '../mutate/body.ts'
import { sentDataFor } from '../mutate/data.ts'
import { readJson } from '../properties/read.ts'
import type { Sent } from '../properties/stored.ts'
import type { Target } from '../target.ts'
import { openRequests } from './requests.ts'
import { SENT_TYPES, sampleEvents, WORDS } from './samples.ts'

/** The body of `POST /v1/events`, through to the database. */
export const target: Target = {
  name: 'accept',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 15,
  maxSteps: (bytes) => 100_000 + 400 * bytes,
  seeds() {
    const events = sampleEvents()
    return [...events, events.slice(0, 3), [], {}].map((body) => Buffer.from(JSON.stringify(body)))
  },
  mutate(input, other, random) {
    if (!random.oneIn(4)) return mutateBody(input, other, random, WORDS)
    const type = random.pick(SENT_TYPES)
    const event = { event_type: type, data: sentDataFor(CARD_DATA[EVENT_TYPES[type].card], random) }
    const fresh = Buffer.from(JSON.stringify(event))
    return random.oneIn(2) ? fresh : mutateBody(fresh, other, random, WORDS)
  },
  open: () =>
    openRequests((body) => ({ headers: { 'content-type': 'application/json' }, body, sent: () => sentIn(body) })),
}

function sentIn(body: Buffer): Sent[] {
  const value = readJson(body.toString())
  return (Array.isArray(value) ? value : [value]).map((item) => {
    const event = isObject(item) ? item : {}
    return {
      type: event.event_type,
      correlationId: event.correlation_id,
      occurredAt: event.occurred_at,
      priority: event.priority,
      language: event.language,
      key: event.idempotency_key,
      data: event.data,
    }
  })
}
