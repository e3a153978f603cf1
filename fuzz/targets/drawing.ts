import type { RendererOptions } from '../../src/cards/card-compiler.ts'
import type { CardRequest } from '../../src/cards/rendered-card.ts'
import type { Catalogue, EventTypeDefinition } from '../../src/catalogue/catalogue.ts'
import type { Language } from '../../src/catalogue/language.ts'
import { type AcceptedEvent, eventFromWire } from '../../src/contract/events.ts'
import { createPatientDataGuard, type PhiPolicy } from '../../src/intake/patient-data/patient-data.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type JsonObject } from '../../src/kernel/json.ts'
import { MARKED_INSIDE } from '../mutate/texts.ts'
import { fold, unescaped } from '../properties/read.ts'
import { createChecks } from './checks.ts'

/** A renderer's options with every link set. */
export function drawingOptions(catalogue: Catalogue, maxBytes: number): RendererOptions {
  return {
    catalogue,
    timeZone: 'Asia/Riyadh',
    maxBytes,
    links: {
      grafana: 'https://grafana.example.sa/d/claimlinc',
      flower: 'https://flower.example.sa',
      logs: 'https://logs.example.sa/search?q={correlation_id}',
      claims: 'https://claims.example.sa/claims/{claim_id}',
      nphies: 'https://portal.nphies.sa/',
    },
  }
}

/** Makes events of what inputs say, as the accept path would. */
export interface EventMaker {
  /** The event after checks and policy; undefined where it is refused. */
  accepted(wire: unknown, policy: PhiPolicy): AcceptedEvent | undefined
  /**
   * An event with unchecked data: stored by another version, or before its type was changed; or written by
   * the gateway itself. `fits`: its type takes them all the same.
   */
  unchecked(wire: unknown): { readonly event: AcceptedEvent; readonly fits: boolean } | undefined
}

/** Makes the maker for one catalogue. */
export function createEventMaker(catalogue: Catalogue): EventMaker {
  const check = createChecks(catalogue)
  const types = [...catalogue.eventTypes.values()]
  const guards = {
    mask: createPatientDataGuard(types, 'mask'),
    omit: createPatientDataGuard(types, 'omit'),
    show: createPatientDataGuard(types, 'show'),
  }
  const moment = new Date('2025-01-15T14:23:45Z')
  const base = {
    id: '01946a5f-6d68-7000-8000-000000000001',
    occurredAt: moment,
    acceptedAt: moment,
    language: undefined,
  }
  return {
    accepted(wire, policy) {
      if (!isObject(wire)) return undefined
      try {
        const [checked] = check([eventFromWire(wire)])
        if (checked === undefined) return undefined
        const { data, correlationId = `evt-${base.id}` } = guards[policy](checked)
        const { definition, priority, stakeholders, occurredAt = moment } = checked
        return { ...base, eventType: definition.name, priority, stakeholders, data, correlationId, occurredAt }
      } catch (error) {
        if (isGatewayError(error)) return undefined
        throw error
      }
    },
    unchecked(wire) {
      if (!isObject(wire) || !isObject(wire.data)) return undefined
      const definition = typeof wire.event_type === 'string' ? catalogue.eventTypes.get(wire.event_type) : undefined
      if (definition === undefined) return undefined
      const { priority, stakeholders, name } = definition
      const data = JSON.parse(JSON.stringify(wire.data)) as JsonObject
      const fits = definition.schema.safeParse(data).success
      return { event: { ...base, eventType: name, priority, stakeholders, data, correlationId: 'unchecked' }, fits }
    },
  }
}

/** How a card is asked for, out of an input's own words. */
export function requestFor(
  catalogue: Catalogue,
  event: AcceptedEvent,
  how: {
    readonly language?: unknown
    readonly repeat?: unknown
    readonly transport?: unknown
    readonly mentions?: unknown
  },
): { readonly request: CardRequest; readonly definition: EventTypeDefinition } {
  const definition = catalogue.eventTypes.get(event.eventType)
  const [channel] = catalogue.channels.values()
  if (definition === undefined || channel === undefined) throw new TypeError('an event of no type')
  const language: Language = how.language === 'ar' ? 'ar' : 'en'
  // People who are mentioned stand in the configuration: no patient of the event is among them.
  const isName = (name: unknown) => typeof name === 'string' && !MARKED_INSIDE.test(fold(unescaped(name)))
  const names: string[] = Array.isArray(how.mentions) ? how.mentions.filter(isName).slice(0, 3) : []
  const mentions = names.map((name) => ({ name: name.slice(0, 100), id: 'a@b.sa', priorities: [event.priority] }))
  const transport = how.transport === 'bot' ? 'bot' : 'workflows'
  const request: CardRequest = {
    event,
    card: definition.card,
    channel: { ...channel, mentions },
    language,
    repeat: how.repeat === true,
    transport,
  }
  return { request, definition }
}
