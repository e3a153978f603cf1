import { Pool } from 'undici'
import { nowMs } from '../clock.ts'
import type { PostedEvent } from './events.ts'

/** One request with events, made before the clock runs, so that the load costs as little as it can. */
export interface Batch {
  readonly body: Buffer
  readonly events: number
}

/** What became of a request. */
export interface Sent {
  /** `nowMs()` before it was sent and when the whole answer was there. */
  readonly from: number
  readonly to: number
  readonly status: number
  readonly answer: string
}

/** Something that posts events to gateways. */
export interface Sender {
  send(batch: Batch, replica?: number): Promise<Sent>
  /** Sends all of them, each of `lanes` waiting for its answer before it sends the next; the order of the answers is the batches'. */
  sendAll(batches: readonly Batch[], lanes: number): Promise<readonly Sent[]>
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
    async sendAll(batches, lanes) {
      const sent: Sent[] = []
      let next = 0
      const lane = async () => {
        for (let index = next++; index < batches.length; index = next++) {
          const batch = batches[index]
          if (batch) sent[index] = await send(batch, index)
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
      return sent
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.close()))
    },
  }
}

/** A notification as the gateway answered for it. */
export interface Promised {
  readonly id: string
  readonly channel: string
  readonly state: string
  readonly correlationId: string
}

/** What the gateway accepted, read from its answers. @throws Error when it refused anything */
export function promisedIn(sent: readonly Sent[]): Promised[] {
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
