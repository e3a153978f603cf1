import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type NotificationDetail, type NotificationView, notificationWire } from '../contract/notifications.ts'
import { OUTCOMES } from '../contract/outcomes.ts'
import type { GatewayService } from '../contract/service.ts'
import { DEMO_EVENTS, DEMO_ORIGIN } from '../gateway/demo.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { inColumns, painted } from './columns.ts'
import { type Output, onOneLine } from './output.ts'
import { listeningLine, type ServedGateway } from './own-gateways.ts'

/** Milliseconds after which a card that is still not accepted is reported as missing. */
const ACCEPTANCE_TIMEOUT_MS = 45_000
const POLL_INTERVAL_MS = 50

/**
 * Sends the events of the demo, waits until every card is accepted, and prints the cards' states and the addresses of sandbox,
 * record and API.
 *
 * @returns true if all cards were accepted; false also if the signal ended the wait
 */
export async function runDemo(served: ServedGateway, signal: AbortSignal, output: Output): Promise<boolean> {
  const { origin, sandboxUrl, pagesOrigin, catalogue, service } = served
  const acceptances = await service.accept(DEMO_EVENTS, DEMO_ORIGIN)
  const ids = acceptances.flatMap(({ notifications }) => notifications.map(({ id }) => id))
  await waitForOutcomes(service, ids, signal, output)
  const notifications = await Promise.all(ids.map((id) => service.getNotification(id, DEMO_ORIGIN)))
  const accepted = notifications.filter(isAccepted)
  const ok = accepted.length === notifications.length
  output.answer({
    ok,
    origin,
    sandbox: sandboxUrl ?? null,
    notifications: notifications.map((notification) => ({
      ...z.encode(notificationWire, notification),
      title: titleOf(notification.card),
    })),
  })
  if (signal.aborted) return ok
  output.print(listeningLine(served))
  output.print()
  output.print(
    ok
      ? `${DEMO_EVENTS.length} events came in, and ${ids.length} cards are in their channels:`
      : `${DEMO_EVENTS.length} events came in, and only ${accepted.length} of ${ids.length} cards were accepted:`,
  )
  output.print()
  for (const line of inColumns(
    notifications.map(({ channel, priority, card, eventType, state, acceptedAt, createdAt }) => [
      output.paint('bold', onOneLine(catalogue.channels.get(channel)?.name ?? channel)),
      priority,
      onOneLine(titleOf(card) ?? eventType),
      painted(state, output),
      acceptedAt ? `after ${((acceptedAt.getTime() - createdAt.getTime()) / 1000).toFixed(1)} s` : '',
    ]),
    '  ',
  ))
    output.print(line)
  if (!ok) await printMissing(service, notifications, output)
  output.print()
  for (const line of inColumns([
    ...(sandboxUrl ? [['The cards, as Teams shows them', output.paint('underline', sandboxUrl)]] : []),
    ...(pagesOrigin ? [['The pages behind the buttons of the cards', output.paint('underline', pagesOrigin)]] : []),
    ['The record of each card', output.paint('underline', `${origin}/v1/notifications`)],
    ['The API', output.paint('underline', `${origin}/openapi.json`)],
  ]))
    output.print(line)
  return ok
}

/** Resolves when no notification is pending or sending any more, or when the signal or the time-out ends the wait. */
async function waitForOutcomes(
  service: GatewayService,
  ids: readonly string[],
  signal: AbortSignal,
  output: Output,
): Promise<void> {
  const deadline = Date.now() + ACCEPTANCE_TIMEOUT_MS
  for (;;) {
    const now = await service.getNotificationViews(ids)
    const waiting = now.some(({ state }) => state === 'pending' || state === 'sending')
    if (!waiting || signal.aborted || Date.now() > deadline) return
    output.progress(`${now.filter(isAccepted).length} of ${ids.length} cards are accepted …`)
    await setTimeout(POLL_INTERVAL_MS)
  }
}

function isAccepted({ state }: NotificationView): boolean {
  return state === 'accepted' || state === 'posted'
}

/** Prints each card that is not accepted, with the reason and how to correct it. */
async function printMissing(
  service: GatewayService,
  notifications: readonly NotificationDetail[],
  output: Output,
): Promise<void> {
  const channels = new Map((await service.listChannels()).map((channel) => [channel.key, channel]))
  output.print()
  for (const notification of notifications) {
    if (isAccepted(notification)) continue
    const { channel, state } = notification
    const reason = notification.reason ?? channels.get(channel)?.lastOutcome ?? 'no attempt yet'
    const row = Object.entries(OUTCOMES).find(([name]) => name === reason)?.[1]
    output.print(`  ${channel}: ${state}, ${reason}. ${row ? `${row.meaning} ${row.todo}` : ''}`.trimEnd())
  }
}

/** A card's heading, or else its fallback text; null without a card. */
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
