import { EVENT_TYPES } from '../catalogue/event-types.ts'
import { digestOf } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Finding, MORE } from './findings.ts'
import type { SourceEvent } from './source.ts'

/** What an event about a finding says. */
export type FindingEvent = Pick<SourceEvent, 'eventType' | 'priority'> & { readonly data: JsonObject }

/** The event of a finding that has opened. */
export function openedEvent(source: string, finding: Finding, says: FindingEvent): SourceEvent {
  return eventOf(source, finding, says, { starts_at: finding.since })
}

/** The event that resolves that of a finding. */
export function endedEvent(source: string, finding: Finding, says: FindingEvent, now: Date): SourceEvent {
  return eventOf(source, finding, says, { starts_at: finding.since, ends_at: finding.clearSince ?? now.toISOString() })
}

/** A group of findings as one, of which the events tell. */
export function asOne({ finding, group }: Finding): Finding | undefined {
  return group === undefined ? undefined : { finding, subject: group, since: group, open: true, group }
}

/** The findings whose end is an event: of a group, as one, once none of it is left among `findings`. */
export function endedOnes(closed: readonly Finding[], findings: readonly Finding[]): readonly Finding[] {
  const left = new Set(findings.map(groupKeyOf))
  const ended = new Set<string>()
  return closed.flatMap((finding): readonly Finding[] => {
    const one = asOne(finding)
    const key = groupKeyOf(finding)
    if (one === undefined || key === undefined) return [finding]
    if (left.has(key) || ended.has(key)) return []
    ended.add(key)
    return [{ ...one, ...(finding.endType === undefined ? {} : { endType: finding.endType }) }]
  })
}

const groupKeyOf = ({ finding, group }: Finding) => (group === undefined ? undefined : `${finding}\n${group}`)

/** What the event says that resolves a finding which nobody looks at any more; undefined where no type is known for it. */
export function unwatchedEnd({ endType }: Finding): FindingEvent | undefined {
  if (endType === undefined || !isBuiltIn(endType)) return undefined
  const text = 'Not watched any more: whether it is over is not known.'
  return { eventType: endType, data: { [fieldsOf(endType).text]: text } }
}

/** The fields of a type's card for what an event is about, and for one sentence. */
function fieldsOf(eventType: string): { readonly about: string; readonly text: string } {
  const card = isBuiltIn(eventType) ? EVENT_TYPES[eventType].card : undefined
  return card === 'vault_security_event' ? { about: 'node', text: 'impact' } : { about: 'component', text: 'summary' }
}

function isBuiltIn(name: string): name is keyof typeof EVENT_TYPES & FindingEvent['eventType'] {
  return Object.hasOwn(EVENT_TYPES, name)
}

function eventOf(source: string, finding: Finding, says: FindingEvent, times: JsonObject): SourceEvent {
  const { data, ...rest } = says
  return {
    ...rest,
    correlationId: correlationOf(source, finding),
    idempotencyKey: digestOf([finding.finding, finding.subject, finding.since, says.eventType].join('\n')),
    data: { [fieldsOf(says.eventType).about]: source, ...data, ...times },
  }
}

const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu

/**
 * The subject of a finding's events: the one that ends it resolves the one that opened it. In one line, whatever name an outside system
 * gave: an id with control characters is refused.
 */
function correlationOf(source: string, { finding, subject }: Finding): string {
  const part = subject === MORE ? 'more' : subject
  const id = [source, finding, ...(part === '' ? [] : [part])].join('.')
  return id.toWellFormed().replace(CONTROLS, ' ')
}
