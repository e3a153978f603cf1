import { z } from 'zod'
import { type Acceptance, acceptancesWire } from '../../contract/events.ts'
import type { NotificationView } from '../../contract/notifications.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { inColumns, painted } from '../columns.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { type EventFlags, readEventsOf } from '../read-event.ts'
import { reportError } from '../report-error.ts'
import type { Target, TargetFlags } from '../target.ts'

/** `send`: succeeds when the events are accepted; the record has the later states of their notifications. */
export async function send(flags: EventFlags & TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  const request = await readEventsOf(flags, output)
  return withTarget(flags, 'send', output, gateways, async (target) => {
    const accepted = await target.accept(request)
    const delivered = await deliver(accepted, target, output)
    const acceptances = delivered ? withStates(accepted, delivered) : accepted
    output.answer(z.encode(acceptancesWire, { events: [...acceptances] }))
    for (const acceptance of acceptances) print(acceptance, output)
    output.print()
    output.print(
      delivered
        ? 'What is not accepted yet is sent by the next command, or by "claimlinc-teams serve".'
        : `Kept by ${target.place}; "claimlinc-teams notifications show <id>" shows its state.`,
    )
    return EXIT.ok
  })
}

/** Catches errors: the events are accepted, and after a failed command they would be sent twice. */
async function deliver(accepted: readonly Acceptance[], target: Target, output: Output) {
  try {
    return await target.deliver(accepted.flatMap(({ notifications }) => notifications.map(({ id }) => id)))
  } catch (error) {
    output.note('Accepted, but not delivered now:')
    await reportError(error, { ...output, json: false, answer() {} })
    return undefined
  }
}

/** Acceptances with the present states of their notifications. */
function withStates(acceptances: readonly Acceptance[], now: readonly NotificationView[]): readonly Acceptance[] {
  const states = new Map(now.map(({ id, state }) => [id, state]))
  return acceptances.map((acceptance) => ({
    ...acceptance,
    notifications: acceptance.notifications.map((notification) => ({
      ...notification,
      state: states.get(notification.id) ?? notification.state,
    })),
  }))
}

function print({ correlationId, duplicate, ignored, notifications }: Acceptance, output: Output): void {
  const heading = duplicate ? 'Known already, by its idempotency key' : 'Accepted'
  output.print(`${heading}: ${output.paint('bold', onOneLine(correlationId))}`)
  if (ignored) output.print(`  Not kept, since the event type does not declare them: ${onOneLine(ignored.join(', '))}`)
  if (notifications.length === 0) output.print('  No channel reads this event: its groups and routes name none.')
  for (const line of inColumns(
    notifications.map(({ id, channel, state }) => [channel, painted(state, output), output.paint('dim', id)]),
    '  ',
  ))
    output.print(line)
}
