import { z } from 'zod'
import { type Acceptance, acceptancesWire } from '../../contract/events.ts'
import type { NotificationView } from '../../contract/notifications.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { inColumns, painted } from '../columns.ts'
import { openTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import { type EventFlags, readEventsOf } from '../read-event.ts'
import { reportError } from '../report-error.ts'
import type { Target, TargetFlags } from '../target.ts'

/** `send`: accepted is the answer; what then becomes of the cards is on record. */
export async function send(flags: EventFlags & TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  const request = await readEventsOf(flags, output)
  const target = await openTarget(flags, 'send', output, gateways)
  try {
    const accepted = await target.accept(request)
    const delivered = await deliver(accepted, target, output)
    const acceptances = delivered ? withStates(accepted, delivered) : accepted
    output.answer(z.encode(acceptancesWire, { events: [...acceptances] }))
    for (const acceptance of acceptances) print(acceptance, output)
    output.print()
    output.print(
      delivered
        ? 'What is not accepted yet is sent by the next command, or by "claimlinc-teams serve".'
        : `Kept by ${target.place}; "claimlinc-teams notifications show <id>" tells what became of each.`,
    )
    return EXIT.ok
  } finally {
    await target.close()
  }
}

/** Whatever goes wrong here, the events are accepted, and "it failed" would have them sent twice. */
async function deliver(accepted: readonly Acceptance[], target: Target, output: Output) {
  try {
    return await target.deliver(accepted.flatMap(({ notifications }) => notifications.map(({ id }) => id)))
  } catch (error) {
    output.note('Accepted, but not delivered now:')
    reportError(error, { ...output, json: false, answer() {} })
    return undefined
  }
}

/** The answers with the states that their notifications have now. */
function withStates(acceptances: readonly Acceptance[], now: readonly NotificationView[]): readonly Acceptance[] {
  const states = new Map(now.map(({ id, state }) => [id, state]))
  return acceptances.map((acceptance) => ({
    ...acceptance,
    notifications: acceptance.notifications.map((one) => ({ ...one, state: states.get(one.id) ?? one.state })),
  }))
}

function print({ correlationId, duplicate, ignored, notifications }: Acceptance, output: Output): void {
  const what = duplicate ? 'Known already, by its idempotency key' : 'Accepted'
  output.print(`${what}: ${output.paint('bold', onOneLine(correlationId))}`)
  if (ignored) output.print(`  Not kept, since the event type does not declare them: ${onOneLine(ignored.join(', '))}`)
  if (notifications.length === 0) output.print('  No channel reads this event: its groups and routes name none.')
  for (const line of inColumns(
    notifications.map(({ id, channel, state }) => [channel, painted(state, output), output.paint('dim', id)]),
    '  ',
  ))
    output.print(line)
}
