import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type NotificationDetail, notificationWire } from '../contract/notifications.ts'
import { OUTCOMES } from '../contract/outcomes.ts'
import type { GatewayService } from '../contract/service.ts'
import { DEMO_EVENTS, DEMO_ORIGIN } from '../gateway/demo.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { packageVersion } from '../kernel/version.ts'
import { inColumns, painted } from './columns.ts'
import { type Output, onOneLine } from './output.ts'
import type { ServedGateway } from './own-gateways.ts'

/** Milliseconds after which a card that is not accepted counts as one that will not be. */
const PATIENCE = 45_000
const LOOK_AGAIN = 50

/**
 * Sends the two events of the first run, waits until every card is accepted, and prints what came of them and where to
 * look.
 *
 * @returns whether all were accepted; false also where the signal ended the wait
 */
export async function runDemo(served: ServedGateway, signal: AbortSignal, output: Output): Promise<boolean> {
  const { origin, sandboxUrl, settings, catalogue, service } = served
  const acceptances = await service.accept(DEMO_EVENTS, DEMO_ORIGIN)
  const ids = acceptances.flatMap(({ notifications }) => notifications.map(({ id }) => id))
  const notifications = await outcomes(service, ids, signal, output)
  const arrived = notifications.filter(isAccepted)
  const ok = arrived.length === notifications.length
  output.answer({
    ok,
    origin,
    sandbox: sandboxUrl ?? null,
    notifications: notifications.map((one) => ({ ...z.encode(notificationWire, one), title: titleOf(one.card) })),
  })
  if (signal.aborted) return ok
  const kept = settings.DATABASE_URL === undefined ? settings.TEAMS_DATA_DIR : 'PostgreSQL'
  output.print(`claimlinc-teams ${packageVersion()} listens on ${origin} and keeps its record in ${kept}.`)
  output.print()
  output.print(
    ok
      ? `${DEMO_EVENTS.length} events came in, and ${ids.length} cards are in their channels:`
      : `${DEMO_EVENTS.length} events came in, and only ${arrived.length} of ${ids.length} cards were accepted:`,
  )
  output.print()
  for (const line of inColumns(
    notifications.map((one) => [
      output.paint('bold', onOneLine(catalogue.channels.get(one.channel)?.name ?? one.channel)),
      one.priority,
      onOneLine(titleOf(one.card) ?? one.eventType),
      painted(one.state, output),
      one.acceptedAt ? `after ${((one.acceptedAt.getTime() - one.createdAt.getTime()) / 1000).toFixed(1)} s` : '',
    ]),
    '  ',
  ))
    output.print(line)
  if (!ok) await tellMissing(service, notifications, output)
  output.print()
  for (const line of inColumns([
    ...(sandboxUrl ? [['The cards, as Teams shows them', output.paint('underline', sandboxUrl)]] : []),
    ['The record of each card', output.paint('underline', `${origin}/v1/notifications`)],
    ['The API', output.paint('underline', `${origin}/openapi.json`)],
  ]))
    output.print(line)
  return ok
}

/** The notifications once what became of each is known, or the wait is over. */
async function outcomes(
  service: GatewayService,
  ids: readonly string[],
  signal: AbortSignal,
  output: Output,
): Promise<readonly NotificationDetail[]> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    const now = await Promise.all(ids.map((id) => service.getNotification(id)))
    const waiting = now.some(({ state }) => state === 'pending' || state === 'sending')
    if (!waiting || signal.aborted || Date.now() > deadline) return now
    output.progress(`${now.filter(isAccepted).length} of ${ids.length} cards are accepted …`)
    await setTimeout(LOOK_AGAIN)
  }
}

function isAccepted({ state }: NotificationDetail): boolean {
  return state === 'accepted' || state === 'posted'
}

/** Each card that did not arrive, with why and what to do. */
async function tellMissing(
  service: GatewayService,
  notifications: readonly NotificationDetail[],
  output: Output,
): Promise<void> {
  const channels = new Map((await service.listChannels()).map((channel) => [channel.key, channel]))
  output.print()
  for (const one of notifications.filter((notification) => !isAccepted(notification))) {
    const reason = one.reason ?? channels.get(one.channel)?.lastOutcome ?? 'no attempt yet'
    const row = Object.entries(OUTCOMES).find(([name]) => name === reason)?.[1]
    output.print(`  ${one.channel}: ${one.state}, ${reason}. ${row ? `${row.meaning} ${row.todo}` : ''}`.trimEnd())
  }
}

/** A card's heading, or the text that stands for it where it can not be shown. */
function titleOf(card: JsonObject | null): string | null {
  const heading = card && headingIn(card)
  if (heading) return heading
  return typeof card?.fallbackText === 'string' ? card.fallbackText : null
}

function headingIn(node: unknown): string | undefined {
  if (Array.isArray(node)) return firstOf(node)
  if (!isObject(node)) return undefined
  if (node.style === 'heading' && typeof node.text === 'string') return node.text
  return firstOf([node.body, node.items, node.columns])
}

function firstOf(nodes: readonly unknown[]): string | undefined {
  for (const node of nodes) {
    const heading = headingIn(node)
    if (heading !== undefined) return heading
  }
  return undefined
}
