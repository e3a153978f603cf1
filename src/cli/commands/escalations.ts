import { z } from 'zod'
import { plainMoment } from '../../catalogue/moment.ts'
import { escalationPageWire, readEscalationQuery } from '../../contract/escalations.ts'
import { type ExplainedStep, explainEscalation } from '../../gateway/explain-escalation.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import { inColumns, moment } from '../columns.ts'
import { readEnvironment } from '../environment.ts'
import { listCommandOf } from '../list-and-show.ts'
import { readFlags } from '../list-filters.ts'
import { type Output, onOneLine } from '../output.ts'

/** Options of `escalations explain`. */
export interface ExplainOptions {
  readonly eventType: string
  readonly priority?: string
  readonly stakeholders?: readonly string[]
  readonly at?: string
}

/** `escalations list` */
export const listCommand = listCommandOf({
  one: 'escalation',
  none: 'No event climbs',
  readFilters: (filters) => readFlags(filters, readEscalationQuery),
  list: (target, query) => target.escalations.list(query),
  rows: ({ escalations }) => escalations,
  toJson: ({ escalations, nextCursor }) => z.encode(escalationPageWire, { escalations: [...escalations], nextCursor }),
  columns: {
    NEXT: ({ nextAt }) => (nextAt === null ? 'nothing' : moment(nextAt)),
    WHAT: ({ next }) => (next === null ? '' : next.what === 'tier' ? `tier ${next.tier}` : next.what),
    WHO: ({ next }) => [...(next?.channels ?? []), ...(next?.pagers ?? [])].join(' '),
    TIER: ({ tier, tiers, round }) => `${tier} of ${tiers}${round > 0 ? `, round ${round + 1}` : ''}`,
    STATE: ({ reason, state }) => reason ?? state,
    'HELD BY': ({ heldBy }) => heldBy ?? '',
    POLICY: ({ policy }) => policy,
    PRIORITY: ({ priority }) => priority,
    'EVENT TYPE': ({ eventType }) => eventType,
    'CORRELATION ID': ({ correlationId }) => onOneLine(correlationId ?? ''),
    EVENT: ({ eventId }) => eventId,
  },
})

/** `escalations explain`: exit code 1 where the event would not climb. */
export async function explainCommand(options: ExplainOptions, output: Output): Promise<ExitCode> {
  const at = options.at === undefined ? new Date() : new Date(plainMoment(options.at))
  if (Number.isNaN(at.getTime()))
    throw new GatewayError('invalid_request', [
      { at: '--at', found: 'another text', expected: 'a time such as 2026-11-21T10:00:00+03:00' },
    ])
  const settings = loadSettings(readEnvironment())
  const explained = explainEscalation(settings, { ...options, at })
  const { on, policy, eventType, priority, steps } = explained
  output.answer({
    on,
    policy,
    event_type: eventType,
    priority,
    steps: steps.map(({ heldBy, ...step }) => ({ ...step, held_by: heldBy })),
  })
  output.print(
    policy === null
      ? `${eventType} (${priority}) has no policy: it does not climb.`
      : `${eventType} (${priority}) climbs by the policy ${policy}, while nobody acknowledges it:`,
  )
  if (policy !== null && steps.length === 0)
    output.print('The policy has no tiers, or no channel of the event gets cards: the event does not climb.')
  for (const line of timetable(steps, settings.TEAMS_TIME_ZONE, output)) output.print(line)
  if (!on)
    output.note('TEAMS_ESCALATION keeps events from climbing here: nobody can acknowledge them, or it is set to off.')
  return on && steps.length > 1 ? EXIT.ok : EXIT.no
}

function timetable(steps: readonly ExplainedStep[], timeZone: string, output: Output): string[] {
  if (steps.length === 0) return []
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'short' })
  return inColumns([
    [`AT (${timeZone})`, 'TIER', 'WHO', 'HELD BY'].map((title) => output.paint('dim', title)),
    ...steps.map((step) => [
      clock.format(step.at),
      `${step.tier}${step.round > 0 ? `, round ${step.round + 1}` : ''}`,
      [
        ...step.channels,
        ...step.pagers,
        ...step.mentions.map((name) => `@${onOneLine(name)}`),
        ...step.unreached.map((why) => output.paint('yellow', why)),
      ].join(', ') || output.paint('yellow', 'nobody'),
      step.heldBy ?? '',
    ]),
  ])
}
