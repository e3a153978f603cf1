import { Pool } from 'undici'
import { nowMs } from '../process-facts.ts'
import type { PostedEvent } from './events.ts'

/** Body of one request, made before the measurement, so that the sender takes little CPU during it. */
export interface Batch {
  readonly body: Buffer
  readonly events: number
}

/** A request's times and its answer. */
export interface Sent {
  /** `nowMs()` before it was sent and when the whole answer was there. */
  readonly from: number
  readonly to: number
  readonly status: number
  readonly answer: string
}

/** Posts events to gateways. */
export interface Sender {
  send(batch: Batch, replica?: number): Promise<Sent>
  /** Sends all batches, so many at a time; the answers are in the order of the batches. */
  sendAll(batches: readonly Batch[], concurrentRequests: number): Promise<readonly Sent[]>
  close(): Promise<void>
}

/** A request of these events. */
export function batchOf(events: readonly PostedEvent[]): Batch {
  return { body: Buffer.from(JSON.stringify(events)), events: events.length }
}

/** Requests of `size` events each. */
export function batchesOf(events: readonly PostedEvent[], size: number): Batch[] {
  const batches: Batch[] = []
  for (let at = 0; at < events.length; at += size) batches.push(batchOf(events.slice(at, at + size)))
  return batches
}

/** Makes a sender; with several gateways, requests go to them in turn. */
export function createSender(origins: readonly string[], connections: number): Sender {
  const pools = origins.map((origin) => new Pool(origin, { connections }))

  async function send({ body }: Batch, replica = 0): Promise<Sent> {
    const pool = pools[replica % pools.length]
    if (!pool) throw new Error('there is no gateway to send to')
    const from = nowMs()
    const response = await pool.request({
      method: 'POST',
      path: '/v1/events',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const answer = await response.body.text()
    return { from, to: nowMs(), status: response.statusCode, answer }
  }

  return {
    send,
    async sendAll(batches, concurrentRequests) {
      const sent: Sent[] = []
      let next = 0
      const sendInTurn = async () => {
        for (let index = next++; index < batches.length; index = next++) {
          const batch = batches[index]
          if (batch) sent[index] = await send(batch, index)
        }
      }
      await Promise.all(Array.from({ length: concurrentRequests }, sendInTurn))
      return sent
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.close()))
    },
  }
}

/** A notification as the gateway answered for it. */
export interface AcceptedNotification {
  readonly id: string
  readonly channel: string
  readonly state: string
  readonly correlationId: string
}

/** What the gateway accepted, read from its answers. @throws Error when it refused anything */
export function acceptedNotifications(sent: readonly Sent[]): AcceptedNotification[] {
  return sent.flatMap(({ status, answer }) => {
    if (status !== 202) throw new Error(`the gateway answered ${status}: ${answer.slice(0, 500)}`)
    const { events } = JSON.parse(answer) as {
      events: { correlation_id: string; notifications: { id: string; channel: string; state: string }[] }[]
    }
    return events.flatMap((event) =>
      event.notifications.map((notification) => ({ ...notification, correlationId: event.correlation_id })),
    )
  })
}
