import { setTimeout } from 'node:timers/promises'
import { nowMs } from '../process-facts.ts'
import type { Arrival } from '../receiver/receiver.ts'
import { eventOf } from './events.ts'
import { acceptedNotifications, batchOf, type Sender, type Sent } from './sender.ts'

/** CRITICAL events of one channel, for as long as something else goes on. */
export interface Alarms {
  /** Goes into the correlation ids. */
  readonly name: string
  readonly channel: string
  readonly everySeconds: number
}

/** Sends a CRITICAL at once and every `everySeconds` until `stop`, without waiting for answers. */
export async function raiseAlarms(
  sender: Sender,
  { name, channel, everySeconds }: Alarms,
  stop: AbortSignal,
): Promise<readonly Sent[]> {
  const began = nowMs()
  const sent: Promise<Sent>[] = []
  for (let nth = 0; !stop.aborted; nth++) {
    const event = { ...eventOf('kubernetes.pod.crashloop', nth, name), stakeholders: [channel] }
    sent.push(sender.send(batchOf([event])))
    const wait = Math.max(0, began + (nth + 1) * everySeconds * 1000 - nowMs())
    await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined)
  }
  return await Promise.all(sent)
}

/** Seconds from the request of each CRITICAL to its card; infinite for a card that did not arrive. */
export function alarmWaits(sent: readonly Sent[], arrivals: readonly Arrival[], channel: string): number[] {
  const times = new Map(arrivals.map((arrival) => [arrival.id, arrival.at]))
  return sent.flatMap((one) =>
    acceptedNotifications([one])
      .filter((notification) => notification.channel === channel)
      .map(({ id }) => ((times.get(id) ?? Number.POSITIVE_INFINITY) - one.from) / 1000),
  )
}
