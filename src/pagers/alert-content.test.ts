import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import { createPatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { newId } from '../kernel/ids.ts'
import { alertKey, createAlertContent, cutCodePoints, readAlertKey } from './alert-content.ts'
import { resultOf } from './sender.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const contentOf = createAlertContent({
  eventTypes: catalogue.eventTypes,
  titleOf: (type) => `Title of ${type}`,
  guard: createPatientDataGuard(catalogue.eventTypes.values(), 'mask'),
})
const id = newId()
const event = {
  id,
  type: 'nphies.claim.rejected',
  priority: 'HIGH',
  correlationId: 'claim-1',
  stakeholders: ['nphies_integration'],
  data: {
    claim_id: 'CLM-1',
    patient_id: 'P123456789',
    rejection_reason: 'no cover for P123456789, national id 1098765432',
  },
  occurredAt: new Date('2026-11-30T08:00:00Z'),
} as const

describe('an alert', () => {
  it('has type, priority, groups and ids, and no data unless the pager names the field', () => {
    expect(contentOf({ event, folded: 0 }, { fields: [] })).toEqual({
      key: `claimlinc:${id}`,
      summary: '[HIGH] Title of nphies.claim.rejected',
      priority: 'HIGH',
      eventType: 'nphies.claim.rejected',
      occurredAt: event.occurredAt,
      details: {
        event_type: 'nphies.claim.rejected',
        priority: 'HIGH',
        stakeholders: 'nphies_integration',
        event_id: id,
        correlation_id: 'claim-1',
      },
    })
  })

  it('has no patient data, also where the record shows it and the pager names the field', () => {
    const { details } = contentOf({ event, folded: 0 }, { fields: ['patient_id', 'rejection_reason', 'missing'] })
    expect(details).not.toHaveProperty('patient_id')
    expect(details.rejection_reason).toMatch(/^no cover for /)
    const everything = JSON.stringify(details)
    for (const identifier of ['P123456789', '1098765432']) expect(everything).not.toContain(identifier)
  })

  it('has nothing of the data of a type that the configuration no longer has', () => {
    const { details } = contentOf({ event: { ...event, type: 'gone.type' }, folded: 0 }, { fields: ['claim_id'] })
    expect(Object.keys(details)).toEqual(['event_type', 'priority', 'stakeholders', 'event_id'])
  })

  it('says how many are folded into it', () => {
    const { summary, details } = contentOf({ event, folded: 7 }, { fields: [] })
    expect(summary).toBe('[HIGH] Title of nphies.claim.rejected (and 7 more like it)')
    expect(details.folded).toBe('7')
  })

  it('has a key from which its event is known again; keys of other programs have none', () => {
    expect(readAlertKey(`claimlinc:${id}`)).toEqual({ eventId: id, generation: 1 })
    expect(readAlertKey(alertKey(id))).toEqual({ eventId: id, generation: 1 })
    expect(readAlertKey(alertKey(id, 12))).toEqual({ eventId: id, generation: 12 })
    for (const key of [
      id,
      `claimlinc:${id}x`,
      `claimlinc:${id}:`,
      `claimlinc:${id}:0`,
      'claimlinc:',
      `other:${id}`,
      undefined,
      7,
    ])
      expect(readAlertKey(key)).toBeUndefined()
  })
})

describe('cutCodePoints', () => {
  it.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['🔥🔥🔥', 3, '🔥🔥🔥'],
    ['🔥🔥🔥🔥', 3, '🔥🔥…'],
  ])('cuts %s to %i', (text, most, expected) => {
    expect(cutCodePoints(text, most)).toBe(expected)
  })
})

describe('resultOf', () => {
  const fresh = { failures: 0, requestId: null }
  const asked = { failures: 0, requestId: 'r' }
  const failed = (code: 'unavailable' | 'throttled' | 'refused' | 'key_missing' | 'not_done', retryAfterMs?: number) =>
    ({ kind: 'failed', code, statusCode: null, retryAfterMs }) as const

  it('makes a failed request again with back-off, or after the time that the service names', () => {
    expect(resultOf(fresh, 'trigger', failed('unavailable'), 0)).toMatchObject({ kind: 'retry', retryInMs: 500 })
    expect(resultOf({ ...fresh, failures: 20 }, 'trigger', failed('unavailable'), 0)).toMatchObject({
      retryInMs: 30_000,
    })
    expect(resultOf(fresh, 'trigger', failed('throttled', 7_000), 0)).toMatchObject({ kind: 'retry', retryInMs: 7_000 })
  })

  it('gives up after six hours of failures, and never while there is no key', () => {
    expect(resultOf({ ...fresh, failures: 360 }, 'trigger', failed('unavailable'), 0)).toMatchObject({
      kind: 'refused',
      code: 'gave_up',
    })
    expect(resultOf({ ...fresh, failures: 360 }, 'trigger', failed('key_missing'), 0)).toMatchObject({
      kind: 'retry',
      tried: false,
    })
  })

  it('does not make a refused request again', () => {
    expect(resultOf(fresh, 'resolve', failed('refused'), 0)).toMatchObject({ kind: 'refused', request: 'resolve' })
  })

  it('takes a failed look for nothing, and makes the request again when nothing became known for too long', () => {
    expect(resultOf(asked, 'trigger', failed('unavailable'), 0)).toEqual({ kind: 'unprocessed', checkInMs: 500 })
    expect(resultOf({ ...asked, failures: 24 }, 'trigger', { kind: 'unprocessed' }, 0)).toMatchObject({
      kind: 'retry',
      code: 'not_processed',
    })
    expect(resultOf(asked, 'trigger', failed('not_done'), 0)).toMatchObject({ kind: 'refused', code: 'not_done' })
  })
})
