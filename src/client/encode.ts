import { z } from 'zod'
import type { ActionQuery } from '../contract/actions.ts'
import type { ArchiveQuery } from '../contract/archive.ts'
import type { AuditEntryQuery } from '../contract/audit.ts'
import type { EscalationQuery } from '../contract/escalations.ts'
import { type EventInput, eventToWire } from '../contract/events.ts'
import type { Signal } from '../contract/heartbeats.ts'
import { snakeName } from '../contract/json-names.ts'
import type { NotificationQuery } from '../contract/notification-query.ts'
import { type SilenceInput, type SilenceQuery, silenceToWire } from '../contract/silences.ts'
import { describeValue, GatewayError } from '../kernel/errors.ts'
import { createLossFinder } from '../kernel/json.ts'

/**
 * The JSON form of an event, with `key` as its idempotency key unless it has one.
 *
 * @param prefix start of the paths of problems, for example `events[0].`
 * @throws GatewayError `invalid_event` for an invalid date
 */
export function eventWithKey(event: EventInput, key: string | undefined, prefix: string): Record<string, unknown> {
  const { occurredAt } = event
  if (occurredAt instanceof Date && Number.isNaN(occurredAt.getTime()))
    throw new GatewayError('invalid_event', [
      { at: `${prefix}occurredAt`, found: 'a date that is none', expected: 'a valid date' },
    ])
  return { ...(key === undefined ? {} : { idempotency_key: key }), ...eventToWire(event) }
}

/** @throws GatewayError `invalid_event` for values that JSON would drop or change, and for circular references. */
export function eventsJson(value: unknown, single: boolean): string {
  const { losses, write } = createLossFinder()
  let text: string
  try {
    text = JSON.stringify(value, function (this: unknown, key: string, item: unknown) {
      return write(this, key, item)
    })
  } catch {
    // Not JSON.stringify's message, which may quote field names, and they may name a patient.
    throw new GatewayError('invalid_event', [
      { at: 'data', found: `${describeValue(value)} that JSON can not write`, expected: 'what JSON can write' },
    ])
  }
  if (losses.length === 0) return text
  throw new GatewayError(
    'invalid_event',
    losses.map(({ path, ...loss }) => ({ at: fieldOf(single ? [0, ...path] : path, single), ...loss })),
  )
}

/** The path of a problem, down to a field of the data: keys below it come from the caller and may name a patient. */
function fieldOf([index, ...names]: readonly (string | number)[], single: boolean): string {
  return [...(single ? [] : [`events[${index}]`]), ...names.slice(0, 2)].join('.')
}

/** @throws GatewayError `invalid_silence` for an invalid date */
export function silenceJson(silence: SilenceInput): string {
  for (const name of ['startsAt', 'endsAt'] as const) {
    const time = silence[name]
    if (time instanceof Date && Number.isNaN(time.getTime()))
      throw new GatewayError('invalid_silence', [{ at: name, found: 'a date that is none', expected: 'a valid date' }])
  }
  return JSON.stringify(silenceToWire(silence))
}

/** A query as a query string with a question mark; empty without parameters. */
export function queryOf(
  query:
    | Partial<NotificationQuery | SilenceQuery | ActionQuery | ArchiveQuery | AuditEntryQuery | EscalationQuery>
    | { readonly origin: string | undefined }
    | { readonly state: Signal; readonly exitCode: number | undefined; readonly runId: string | undefined },
): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(z.record(z.string(), z.unknown()).parse(query)))
    if (value !== undefined)
      parameters.set(snakeName(name), value instanceof Date ? value.toISOString() : String(value))
  return parameters.size === 0 ? '' : `?${parameters}`
}
