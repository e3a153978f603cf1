import { z } from 'zod'
import { describeValue, GatewayError, isGatewayError, type Problem } from '../kernel/errors.ts'
import { timeOfId } from '../kernel/ids.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import {
  ACTION_NAMES,
  ACTION_RESULTS,
  type ACTION_STATES,
  type ActionAnswer,
  type ActionName,
  type ActionRequest,
  actionShape,
  type UncheckedAction,
} from './actions.ts'
import { camelName, record, snakeName } from './json-names.ts'
import { ACTION_LIMITS } from './limits.ts'
import { notificationWire } from './notifications.ts'

const id = z.string().min(1).max(1_000)

/** An action in JSON, for OpenAPI. `src/actions/check-request.ts` checks its values. */
export const newAction = z.strictObject({
  action: z.enum(ACTION_NAMES),
  notification_id: id.optional().meta({ description: 'Exactly one of notification_id, event_id and correlation_id.' }),
  event_id: id.optional().meta({ description: 'One that is no id of an event is read as a correlation id.' }),
  correlation_id: id.optional().meta({
    description: 'An acknowledgement takes all open events with it; another action needs one, and else is 409.',
  }),
  actor: z
    .strictObject({
      id: z.string().min(1).max(ACTION_LIMITS.name),
      name: z.string().max(ACTION_LIMITS.name).optional(),
    })
    .optional()
    .meta({
      description:
        'The person that a relay acts for, for whom it vouches with its token: a stable id, such as an Entra object id. If absent, the caller acts for itself.',
    }),
  inputs: z
    .strictObject({
      reason: z.string().max(ACTION_LIMITS.reason).optional().meta({ description: 'Needed for discard and escalate.' }),
      note: z.string().max(ACTION_LIMITS.note).optional(),
      tier: z
        .int()
        .min(1)
        .max(ACTION_LIMITS.tier)
        .optional()
        .meta({ description: 'Of escalate; the next one if absent.' }),
      quiet_for: z.int().min(0).max(ACTION_LIMITS.quietFor).optional().meta({
        description: 'Of discard: seconds for which repeats of the event make no card.',
      }),
    })
    .optional(),
  idempotency_key: z.string().min(1).max(ACTION_LIMITS.key).optional(),
})

const adaptiveCard = z
  .custom<JsonObject>((value) => typeof value === 'object' && value !== null)
  .meta({ type: 'object', description: 'An Adaptive Card.' })

/** An {@link ActionAnswer} in JSON. `action_id` is the same as `id`. */
export const actionAnswerWire = record({
  action_id: z.string(),
  ...actionShape,
  notification: notificationWire.nullable(),
  card: adaptiveCard.nullable().meta({
    description:
      'The Adaptive Card that replaces the one acted upon: it says who did what, and has no buttons that act. Null where no card was rendered yet.',
  }),
})

/** Converts an answer to JSON. */
export function answerToWire(answer: ActionAnswer) {
  return z.encode(actionAnswerWire, { actionId: answer.id, ...answer })
}

/** The body of `POST /v1/actions` as `ActionHandlerRequest` of the platform has it. */
export const actionHandlerRequest = z.object({
  action: z.enum([...ACTION_NAMES, 'retry_task', 'discard_task', 'poll_nphies']),
  event_id: z.string().optional(),
  correlation_id: z.string().optional(),
  user_email: z.string(),
  user_name: z.string().optional(),
  additional_data: z
    .object({
      reason: z.string().optional(),
      note: z.string().optional(),
      tier: z.int().optional(),
      quiet_for: z.int().optional(),
      idempotency_key: z.string().optional(),
    })
    .optional(),
})

/** Answer to an `ActionHandlerRequest`. */
export const actionHandlerResponse = z.object({
  success: z.boolean(),
  message: z.string(),
  updated_card: adaptiveCard
    .optional()
    .meta({ description: 'As "card" of an ActionAnswer; absent where that is null.' }),
  error: z.string().optional().meta({ description: 'A result, as in ActionAnswer, or an error code.' }),
})

/** What a request asks for, and in which form it is answered. */
export interface ActionCall {
  readonly action: UncheckedAction
  /** The person that a relay acts for. */
  readonly person: { readonly id: string; readonly name: string | null } | undefined
  /** True for the platform's `ActionHandlerRequest`. */
  readonly handler: boolean
}

const FIELDS = Object.keys(newAction.shape)
const INPUT_FIELDS = ['reason', 'note', 'tier', 'quiet_for'] as const
const HANDLER_NAMES: Readonly<Record<string, ActionName>> = {
  retry_task: 'retry',
  discard_task: 'discard',
  poll_nphies: 'poll',
}
/** The platform's handler has no reason, which two actions need. */
const NO_REASON = 'no reason given'

/**
 * Reads the body of `POST /v1/actions`, in the gateway's form or as `ActionHandlerRequest`.
 *
 * @throws GatewayError `invalid_action`
 */
export function readActionCall(body: unknown): ActionCall {
  if (!isObject(body))
    throw new GatewayError('invalid_action', [
      { at: 'body', found: describeValue(body), expected: 'an action, which is an object' },
    ])
  return 'user_email' in body || 'additional_data' in body ? readHandler(body) : readOwn(body)
}

function readOwn(body: Readonly<Record<string, unknown>>): ActionCall {
  const problems: Problem[] = []
  for (const name of Object.keys(body)) if (!FIELDS.includes(name)) problems.push(unknown(name, FIELDS, ''))
  const { inputs, actor } = body
  const given = isObject(inputs) ? inputs : {}
  if (inputs !== undefined && inputs !== null && !isObject(inputs))
    problems.push({ at: 'inputs', found: describeValue(inputs), expected: 'an object, or no such field' })
  for (const name of Object.keys(given))
    if (!(INPUT_FIELDS as readonly string[]).includes(name)) problems.push(unknown(name, INPUT_FIELDS, 'inputs.'))
  const person = readPerson(actor, problems)
  if (problems.length > 0) throw new GatewayError('invalid_action', problems)
  return {
    action: {
      action: body.action,
      notificationId: body.notification_id,
      eventId: body.event_id,
      correlationId: body.correlation_id,
      reason: given.reason,
      note: given.note,
      tier: given.tier,
      quietFor: given.quiet_for,
      idempotencyKey: body.idempotency_key,
    },
    person,
    handler: false,
  }
}

function readPerson(actor: unknown, problems: Problem[]): ActionCall['person'] {
  if (actor === undefined || actor === null) return undefined
  const { id: personId, name } = isObject(actor) ? actor : {}
  const isName = name === undefined || name === null || typeof name === 'string'
  if (typeof personId === 'string' && personId.trim() !== '' && isName)
    return { id: personId, name: typeof name === 'string' ? name : null }
  problems.push({ at: 'actor', found: describeValue(actor), expected: 'an object with id, a text, and name if known' })
  return undefined
}

function unknown(name: string, known: readonly string[], prefix: string): Problem {
  const near = nearestName(known, name)
  return {
    // A name of another form may be a value in the wrong place, and is not quoted.
    at: /^[A-Za-z_]{1,40}$/.test(name) ? `${prefix}${name}` : prefix === '' ? 'body' : 'inputs',
    found: 'a field that actions do not have',
    expected: near ? `perhaps ${prefix}${near}` : `only ${known.join(', ')}`,
  }
}

function readHandler(body: Readonly<Record<string, unknown>>): ActionCall {
  const { action, event_id: eventId, correlation_id: correlationId, user_email: email, user_name: name } = body
  const data = isObject(body.additional_data) ? body.additional_data : {}
  const named = typeof action === 'string' ? (HANDLER_NAMES[action] ?? action) : action
  const needsReason = named === 'discard' || named === 'escalate'
  if (typeof email !== 'string' || email.trim() === '')
    throw new GatewayError('invalid_action', [
      { at: 'user_email', found: describeValue(email), expected: 'the address of the person who acts' },
    ])
  // Both are the correlation id on the platform's cards.
  const isEvent = typeof eventId === 'string' && timeOfId(eventId) !== undefined
  return {
    action: {
      action: named,
      ...(isEvent ? { eventId } : { correlationId: correlationId ?? eventId }),
      reason: data.reason ?? (needsReason ? NO_REASON : undefined),
      note: data.note,
      tier: data.tier,
      quietFor: data.quiet_for,
      idempotencyKey: data.idempotency_key,
    },
    person: { id: email, name: typeof name === 'string' && name.trim() !== '' ? name : null },
    handler: true,
  }
}

/** An answer as `ActionHandlerResponse`. */
export function handlerAnswer({
  state,
  result,
  action,
  by,
  data,
  card,
}: ActionAnswer): z.output<typeof actionHandlerResponse> {
  const success = state !== 'refused' && state !== 'failed' && state !== 'unknown'
  const reason = result === null ? undefined : ACTION_RESULTS[result]
  const before = typeof data?.by === 'string' && typeof data.at === 'string' ? ` (${data.by}, ${data.at})` : ''
  const message = reason ? `${reason.title}${before}. ${reason.todo}` : `${action}: ${WORDS[state]}, by ${by}.`
  return {
    success,
    message,
    ...(card === null ? {} : { updated_card: card }),
    ...(success || result === null ? {} : { error: result }),
  }
}

const WORDS: Readonly<Record<(typeof ACTION_STATES)[number], string>> = {
  requested: 'asked for',
  running: 'being done',
  done: 'done',
  refused: 'refused',
  failed: 'failed',
  unknown: 'not known whether it was done',
}

/** An error as `ActionHandlerResponse`. */
export function handlerRefusal(error: GatewayError): z.output<typeof actionHandlerResponse> {
  return { success: false, message: error.message, error: error.code }
}

/** The service's error with the JSON names of its fields: `inputs.quiet_for` where the service says `quietFor`. */
export function actionErrorForCaller(error: unknown): unknown {
  if (!isGatewayError(error)) return error
  const problems = error.problems.map((problem) => ({ ...problem, at: wirePlace(problem.at) }))
  return new GatewayError(error.code, problems, { cause: error })
}

function wirePlace(at: string): string {
  return at
    .split(', ')
    .map((name) => {
      const wire = snakeName(name)
      return (INPUT_FIELDS as readonly string[]).includes(wire) ? `inputs.${wire}` : wire
    })
    .join(', ')
}

/** A request as the service takes it. */
export function uncheckedOf({ action, target, inputs, idempotencyKey }: ActionRequest): UncheckedAction {
  return { action, ...target, ...inputs, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }
}

/** An action in the library's names as the body of `POST /v1/actions`. */
export function actionToWire(action: UncheckedAction): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  const inputs: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(action)) {
    if (value === undefined) continue
    const wire = snakeName(camelName(name))
    if ((INPUT_FIELDS as readonly string[]).includes(wire)) inputs[wire] = value
    else body[wire] = value
  }
  return Object.keys(inputs).length === 0 ? body : { ...body, inputs }
}
