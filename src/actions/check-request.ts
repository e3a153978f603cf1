import { z } from 'zod'
import { ACTION_NAMES, type ActionName, type Actor, type InputNeed, type UncheckedAction } from '../contract/actions.ts'
import { ACTION_LIMITS } from '../contract/limits.ts'
import { checkOneOf, checkText, describe, isAbsent, readObject } from '../intake/fields.ts'
import type { PatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { cleanText, cutText } from '../kernel/characters.ts'
import { type AddProblem, GatewayError, type Problem } from '../kernel/errors.ts'
import { keptId, timeOfId } from '../kernel/ids.ts'
import { nearestName } from '../kernel/nearest.ts'
import type { Asked } from '../store/acted-events.ts'

/** A checked action. Its texts went through the policy for patient data. */
export interface CheckedAction {
  readonly action: ActionName
  readonly asked: Asked
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  /** Seconds for which the repeats of a discarded event stay quiet. */
  readonly quietFor: number | null
  readonly idempotencyKey: string | undefined
}

/** The inputs of each action. */
export const INPUTS: Readonly<
  Record<ActionName, Readonly<Record<'reason' | 'note' | 'tier' | 'quietFor', InputNeed>>>
> = {
  acknowledge: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
  unacknowledge: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
  escalate: { reason: 'required', note: 'optional', tier: 'optional', quietFor: 'none' },
  discard: { reason: 'required', note: 'optional', tier: 'none', quietFor: 'optional' },
  restore: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
  replay: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
  retry: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
  poll: { reason: 'optional', note: 'optional', tier: 'none', quietFor: 'none' },
}

const FIELDS = [
  'action',
  'notificationId',
  'eventId',
  'correlationId',
  'reason',
  'note',
  'tier',
  'quietFor',
  'idempotencyKey',
] as const

/**
 * Checks an action from a caller, and hides patient data in its texts.
 *
 * @throws GatewayError `invalid_action` with every problem
 */
export function checkAction(given: UncheckedAction, guard: PatientDataGuard): CheckedAction {
  const problems: Problem[] = []
  const addProblem: AddProblem = (at, found, expected) => void problems.push({ at, found, expected })
  const fields = readFields(given)
  const near = typeof fields.action === 'string' ? nearestName(ACTION_NAMES, fields.action) : undefined
  const expected = `one of: ${ACTION_NAMES.join(', ')}${near ? `; perhaps ${near}` : ''}`
  const action = checkOneOf(fields.action, 'action', ACTION_NAMES, expected, addProblem)
  const asked = checkTarget(fields, addProblem)
  const inputs = INPUTS[action ?? 'acknowledge']
  const text = (name: 'reason' | 'note') => {
    const value = fields[name]
    // A form sends an empty text for a field that nobody filled in.
    if (isAbsent(value) || (typeof value === 'string' && value.trim() === '')) {
      if (inputs[name] === 'required') addProblem(name, 'nothing', `why, in at most ${ACTION_LIMITS[name]} characters`)
      return null
    }
    return checkText(plain(value), name, ACTION_LIMITS[name], addProblem)?.trim() ?? null
  }
  const reason = text('reason')
  const note = text('note')
  const tier = checkNumber('tier', 1, ACTION_LIMITS.tier)
  const quietFor = checkNumber('quietFor', 0, ACTION_LIMITS.quietFor)
  const idempotencyKey = isAbsent(fields.idempotencyKey)
    ? undefined
    : checkText(fields.idempotencyKey, 'idempotencyKey', ACTION_LIMITS.key, addProblem)
  if (problems.length > 0 || action === undefined || asked === undefined)
    throw new GatewayError('invalid_action', problems)
  return { action, asked, ...hidden({ reason, note }, guard), tier, quietFor, idempotencyKey }

  function checkNumber(name: 'tier' | 'quietFor', min: number, max: number): number | null {
    const value = fields[name]
    if (isAbsent(value)) return null
    if (inputs[name] === 'none') addProblem(name, 'a value', `none for the action ${action}`)
    else if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    else addProblem(name, describe(value), `a whole number from ${min} to ${max}`)
    return null
  }
}

/** Reads the fields once, since getters may throw or return another value the second time. */
function readFields(given: unknown): Readonly<Record<string, unknown>> {
  const fields = readObject(given, (object) => Object.fromEntries(FIELDS.map((name) => [name, object[name]])))
  if (typeof fields !== 'string') return fields
  throw new GatewayError('invalid_action', [{ at: 'body', found: fields, expected: 'an action, which is an object' }])
}

/** A browser's text area has line breaks; a record and a log line have none. */
function plain(value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value).replaceAll(/\s*\n\s*/g, ' / ') : value
}

function checkTarget(fields: Readonly<Record<string, unknown>>, addProblem: AddProblem): Asked | undefined {
  const names = (['notificationId', 'eventId', 'correlationId'] as const).filter((name) => !isAbsent(fields[name]))
  const [name] = names
  if (name === undefined || names.length > 1) {
    const found = name === undefined ? 'none of them' : `${names.length} of them`
    addProblem('notificationId, eventId, correlationId', found, 'one of them')
    return undefined
  }
  const id = checkText(fields[name], name, MAX_ID, addProblem)
  if (id === undefined) return undefined
  if (name === 'notificationId') return { notificationId: id.toLowerCase() }
  // The platform's cards and Celery name the correlation id as the event's id.
  if (name === 'eventId' && timeOfId(id) !== undefined) return { eventId: id.toLowerCase() }
  return { correlationId: keptId(id) }
}

const MAX_ID = 1_000

const TEXTS = { schema: z.object({ reason: z.string(), note: z.string() }), phiFields: new Set<string>() }

function hidden(
  texts: { readonly reason: string | null; readonly note: string | null },
  guard: PatientDataGuard,
): Pick<CheckedAction, 'reason' | 'note'> {
  const data = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null))
  const { data: kept } = guard({ definition: TEXTS, data, given: data, correlationId: undefined })
  const textOf = (name: string) => (typeof kept[name] === 'string' ? kept[name] : null)
  return { reason: textOf('reason'), note: textOf('note') }
}

/** An actor whose names a record, a card and a terminal can show. */
export function showableActor(actor: Actor): Actor {
  const showable = (text: string | null) => {
    const clean = text === null ? '' : cleanText(text).replaceAll(/\s+/g, ' ').trim()
    return clean === '' ? null : cutText(clean, ACTION_LIMITS.name)
  }
  return { ...actor, id: showable(actor.id), name: showable(actor.name) }
}
