import { setTimeout as wait } from 'node:timers/promises'
import type { AcceptedLine, SenderLine } from './history.ts'
import type { Random } from './random.ts'
import type { Replica } from './replicas.ts'

/** What is sent. */
export interface Mix {
  /** Events a second, all callers together. */
  readonly rate: number
  /** Events after which it stops by itself; goes on until it is stopped if absent. */
  readonly events?: number
  /** Callers that ask at the same time. */
  readonly callers: number
  /** Events of one request, at most. */
  readonly batch: number
  /** Weights of the priorities. */
  readonly priorities: Readonly<Record<string, number>>
  readonly channels: readonly string[]
  /** Share of events that happen again with the same correlation id. */
  readonly again: number
}

export const ORDINARY = { CRITICAL: 4, HIGH: 8, MEDIUM: 18, LOW: 30, INFO: 40 } as const

/** A running sender. */
export interface Sender {
  /** Events accepted so far. */
  readonly accepted: number
  /** Resolves when the events of its mix are accepted. */
  readonly done: Promise<void>
  /** Lets it make so many events in all, until more are allowed; without this, as many as its mix says. */
  allow(events: number): void
  /** Stops making events, and hands over what is still in hand for at most this long. */
  stop(giveUpAfterMs?: number): Promise<void>
}

interface Draft {
  readonly key: string
  readonly body: Record<string, unknown>
  asked: number
}

/**
 * Sends events, notes each that was answered 202, and hands over again, with the same idempotency key and perhaps to
 * another replica, events that were not: as a careful caller would.
 */
export function startSender(options: {
  readonly replicas: readonly Replica[]
  readonly mix: Mix
  readonly name: string
  readonly random: Random
  readonly note: (line: SenderLine) => void
}): Sender {
  const { replicas, mix, note } = options
  const make = createDrafts(options.name, options.random.fork('events'), mix)
  const ways = options.random.fork('ways')
  const began = performance.now()
  let made = 0
  let accepted = 0
  let stopping = false
  let giveUpAt = Number.POSITIVE_INFINITY
  const most = mix.events ?? Number.POSITIVE_INFINITY
  let allowed = most
  const givenUp: string[] = []

  /** How many more may be made by now. */
  const allowance = () => {
    if (stopping) return 0
    const paced = Math.floor(((performance.now() - began) / 1000) * mix.rate) + 1 - made
    return Math.min(paced, Math.min(allowed, most) - made)
  }
  const over = () => stopping || made >= most

  async function call(): Promise<void> {
    while (!over()) {
      const count = Math.min(allowance(), ways.whole(1, mix.batch))
      if (count <= 0) {
        await wait(10)
        continue
      }
      made += count
      await handOver(Array.from({ length: count }, make))
    }
  }

  async function handOver(drafts: readonly Draft[]): Promise<void> {
    for (;;) {
      if (performance.now() > giveUpAt) return void givenUp.push(...drafts.map(({ key }) => key))
      const live = replicas.filter((replica) => replica.origin !== undefined)
      if (live.length > 0 && (await ask(ways.pick(live), drafts))) return
      await wait(ways.between(50, 250))
    }
  }

  async function ask(replica: Replica, drafts: readonly Draft[]): Promise<boolean> {
    const process = replica.process ?? ''
    const asked = Date.now()
    for (const draft of drafts) draft.asked ||= asked
    try {
      const answer = await fetch(`${replica.origin}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(drafts.map(({ key, body }) => ({ ...body, idempotency_key: key }))),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await answer.text()
      if (answer.status !== 202) {
        const code = /"code":"(\w+)"/.exec(text)?.[1] ?? null
        note({ kind: 'refused', t: Date.now(), replica: process, status: answer.status, code, events: drafts.length })
        return false
      }
      const t = Date.now()
      const { events } = JSON.parse(text) as {
        events: { event_id: string; correlation_id: string; notifications: AcceptedLine['notifications'] }[]
      }
      for (const [index, event] of events.entries()) {
        const draft = drafts[index]
        if (!draft) throw new Error('the gateway answered with more events than it was asked to take')
        note({
          kind: 'accepted',
          asked: draft.asked,
          t,
          replica: process,
          key: draft.key,
          event_id: event.event_id,
          event_type: String(draft.body.event_type),
          correlation_id: event.correlation_id,
          priority: String(draft.body.priority),
          notifications: event.notifications.map(({ id, channel, state }) => ({ id, channel, state })),
        })
        accepted += 1
      }
      return true
    } catch {
      note({ kind: 'refused', t: Date.now(), replica: process, status: null, code: null, events: drafts.length })
      return false
    }
  }

  const work = Promise.all(Array.from({ length: mix.callers }, call)).then(() => undefined)
  return {
    get accepted() {
      return accepted
    },
    done: work,
    allow(events) {
      allowed = events
    },
    async stop(giveUpAfterMs = 30_000) {
      stopping = true
      giveUpAt = performance.now() + giveUpAfterMs
      await work
      if (givenUp.length > 0) note({ kind: 'given_up', t: Date.now(), keys: givenUp })
    },
  }
}

/** Makes events one after the other; some happen again, with the correlation id of one shortly before. */
function createDrafts(name: string, random: Random, mix: Mix): () => Draft {
  const weights = Object.entries(mix.priorities)
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  const recent: Record<string, unknown>[] = []
  let number = 0

  function priority(): string {
    let at = random.between(0, total)
    for (const [one, weight] of weights) {
      at -= weight
      if (at < 0) return one
    }
    return 'INFO'
  }

  return () => {
    const key = `${name}-${++number}`
    const asked = 0
    if (recent.length > 0 && random.chance(mix.again)) return { key, body: random.pick(recent), asked }
    const sure = random.pick(mix.channels)
    const stakeholders = [...new Set(random.chance(0.15) ? [sure, random.pick(mix.channels)] : [sure])]
    const body = { ...random.pick(KINDS)(key, random), correlation_id: key, priority: priority(), stakeholders }
    recent.push(body)
    if (recent.length > 50) recent.shift()
    return { key, body, asked }
  }
}

type Kind = (key: string, random: Random) => { readonly event_type: string; readonly data: Record<string, unknown> }

const KINDS: readonly Kind[] = [
  (key, random) => ({
    event_type: 'vault.seal.detected',
    data: { node: `vault-${random.whole(1, 5)}`, cluster_id: key, auto_unseal_attempted: random.chance(0.5) },
  }),
  (key, random) => ({
    event_type: 'celery.task.failed',
    data: {
      task_name: `claims.tasks.${random.pick(['submit', 'poll', 'price'])}`,
      task_id: key,
      queue: 'claims',
      error: `ConnectionError: ${'x'.repeat(random.whole(5, 400))}`,
    },
  }),
  (key, random) => ({
    event_type: 'kubernetes.pod.crashloop',
    data: { component: `pod-${random.whole(1, 9)}`, summary: `restarted again (${key})`, value: random.whole(1, 50) },
  }),
  (key) => ({ event_type: 'deployment.completed', data: { component: 'claims-api', summary: `version ${key}` } }),
  (key, random) => ({
    event_type: 'nphies.claim.submitted',
    data: { claim_id: key, provider: 'Clinic 7', payer: 'Payer 3', total_amount: random.whole(100, 90_000) },
  }),
  (key) => ({
    event_type: 'compliance.audit.event',
    data: { subject: 'access review', description: `review of ${key}` },
  }),
]
