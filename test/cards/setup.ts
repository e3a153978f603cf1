import { createActionLink } from '../../src/cards/action-link.ts'
import type { RendererOptions } from '../../src/cards/card-compiler.ts'
import type { CardRequest } from '../../src/cards/rendered-card.ts'
import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import type { Catalogue, Channel } from '../../src/catalogue/catalogue.ts'
import type { Language } from '../../src/catalogue/language.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { SAMPLES } from './samples.ts'

/** The catalogue that the gateway ships. */
export const REGISTRY: Catalogue = builtInCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
})

/** What the golden files are made with: every link and every action offered, the defaults otherwise. */
export const OPTIONS: RendererOptions = {
  catalogue: REGISTRY,
  links: {
    grafana: 'https://grafana.example.sa/d/claimlinc',
    flower: 'https://flower.example.sa',
    logs: 'https://logs.example.sa/search?q={correlation_id}',
    claims: 'https://claims.example.sa/claims/{claim_id}',
    nphies: 'https://portal.nphies.sa/',
    nphiesStatus: 'https://status.nphies.sa/',
    nphiesDocs: 'https://docs.nphies.sa/',
    runbooks: {
      vault: 'https://runbooks.example.sa/vault',
      celery: 'https://runbooks.example.sa/celery',
      nphies: 'https://runbooks.example.sa/nphies',
    },
    notifications: 'https://teams-gateway.example.sa/v1/notifications?digest_id={digest_id}',
  },
  actionLink: createActionLink({
    publicUrl: () => 'https://teams-actions.example.sa',
    lifetimeMs: 30 * 86_400_000,
    now: () => new Date('2026-11-30T08:00:00Z'),
    offers: () => true,
  }),
  timeZone: 'Asia/Riyadh',
  maxBytes: 27_136,
}

/** Names of all built-in event types. */
export const TYPES = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]

/** The request for a sample event's card, with changes. */
export function requestFor(
  type: string,
  language: Language,
  over: Partial<Omit<CardRequest, 'event' | 'channel'>> & {
    readonly event?: Partial<CardRequest['event']>
    readonly channel?: Partial<Channel>
  } = {},
): CardRequest {
  const definition = REGISTRY.eventTypes.get(type)
  const sample = SAMPLES[type as keyof typeof SAMPLES]
  // A digest names no groups: it is written for one channel.
  const channel = REGISTRY.channels.get(definition?.stakeholders[0] ?? 'sre')
  if (definition === undefined || channel === undefined) throw new TypeError(`no sample for ${type}`)
  const occurredAt = new Date(sample.occurredAt)
  return {
    notificationId: '01946a5f-6d68-7000-8000-000000000002',
    card: definition.card,
    language,
    repeat: false,
    ...over,
    channel: { ...channel, ...over.channel },
    event: {
      id: '01946a5f-6d68-7000-8000-000000000001',
      eventType: type,
      correlationId: sample.correlationId,
      priority: definition.priority,
      stakeholders: definition.stakeholders,
      data: sample.data as JsonObject,
      occurredAt,
      acceptedAt: occurredAt,
      language,
      ...over.event,
    },
  }
}
