import type { ActionName, ActionRequest } from '../contract/actions.ts'
import { camelName } from '../contract/json-names.ts'
import { describeValue, GatewayError, isGatewayError, type Problem } from '../kernel/errors.ts'
import { durationOf } from './read-silence.ts'

/** Options of `act`. */
export interface ActFlags {
  readonly notification?: string
  readonly event?: string
  readonly correlationId?: string
  readonly reason?: string
  readonly note?: string
  readonly tier?: string
  readonly quietFor?: string
  readonly idempotencyKey?: string
}

const FLAGS: Readonly<Record<string, string>> = {
  notificationId: '--notification',
  eventId: '--event',
  correlationId: '--correlation-id',
  reason: '--reason',
  note: '--note',
  tier: '--tier',
  quietFor: '--quiet-for',
  idempotencyKey: '--idempotency-key',
}

/**
 * Reads an action from the options. The gateway checks the values, as for every other caller.
 *
 * @throws GatewayError `invalid_action` for what only options can be wrong in
 */
export function readAction(action: string, flags: ActFlags): ActionRequest {
  const problems: Problem[] = []
  const { notification, event, correlationId } = flags
  const targets = [notification, event, correlationId].filter((id) => id !== undefined)
  if (targets.length !== 1)
    problems.push({
      at: '--notification, --event, --correlation-id',
      found: targets.length === 0 ? 'none of them' : `${targets.length} of them`,
      expected: 'one of them',
    })
  const quietMs = flags.quietFor === undefined ? undefined : durationOf(flags.quietFor)
  if (flags.quietFor !== undefined && quietMs === undefined)
    problems.push({
      at: '--quiet-for',
      found: describeValue(flags.quietFor),
      expected: 'a duration such as 30m, 2h or 1d12h',
    })
  if (flags.tier !== undefined && !/^\d{1,3}$/.test(flags.tier))
    problems.push({ at: '--tier', found: describeValue(flags.tier), expected: 'the number of a tier, from 1' })
  if (problems.length > 0) throw new GatewayError('invalid_action', problems)
  return {
    // The gateway checks the name.
    action: action as ActionName,
    target:
      notification !== undefined
        ? { notificationId: notification }
        : event !== undefined
          ? { eventId: event }
          : { correlationId: correlationId ?? '' },
    inputs: {
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
      ...(flags.note === undefined ? {} : { note: flags.note }),
      ...(flags.tier === undefined ? {} : { tier: Number(flags.tier) }),
      ...(quietMs === undefined ? {} : { quietFor: Math.round(quietMs / 1_000) }),
    },
    ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
  }
}

/** Names the options in a gateway's problems: its names are in camel case in this process, and in snake case over HTTP. */
export function actionFlagError(error: unknown): unknown {
  if (!isGatewayError(error)) return error
  const problems = error.problems.map((problem) => ({
    ...problem,
    at: problem.at
      .split(', ')
      .map((name) => FLAGS[camelName(name.replace(/^inputs\./, ''))] ?? name)
      .join(', '),
  }))
  return new GatewayError(error.code, problems, { cause: error })
}
