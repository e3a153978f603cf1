import { setTimeout as wait } from 'node:timers/promises'
import type { AcceptedLine, ClickerLine, ClickLine } from './history.ts'
import { type FetchedForm, fetchForm, sendForm } from './links.ts'
import type { Random } from './random.ts'
import type { Replica } from './replicas.ts'

/** What people do. */
export interface Clicks {
  readonly people: number
  /** Milliseconds between two clicks of one person, from–to. */
  readonly pause: readonly [number, number]
  /** Weights of the actions. */
  readonly actions: Readonly<Record<string, number>>
  /** So many of the newest events get clicks: with few, people meet at one event. */
  readonly newest: number
  /** Share of events that nobody touches. */
  readonly untouched: number
  /** Share of acknowledgements that are made with the button of a card; none if absent. */
  readonly links?: number
}

/** People who click. */
export interface Clicker {
  /** Begins no new click, and repeats for at most this long those that were not answered. */
  stop(giveUpAfterMs?: number): Promise<void>
}

/**
 * Lets people ask for actions on accepted events. A click that was not answered is repeated with its idempotency key, perhaps at
 * another replica, as a careful caller would. Each click has a person's name of its own, by which its row and its follow-ups are found.
 */
export function startClicker(options: {
  readonly replicas: readonly Replica[]
  /** Events that may be acted on, the newest last. */
  readonly events: () => readonly AcceptedLine[]
  readonly clicks: Clicks
  /** Path of the button of one of these notifications' cards, once it was received. */
  readonly linkOf: (notificationIds: readonly string[]) => string | undefined
  readonly name: string
  readonly random: Random
  readonly note: (line: ClickerLine) => void
}): Clicker {
  const { replicas, clicks, note } = options
  const weights = Object.entries(clicks.actions)
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  const touched = new Map<string, boolean>()
  const choice = options.random.fork('touched')
  let stopping = false
  let giveUpAt = Number.POSITIVE_INFINITY
  let made = 0

  /** The newest events that may be touched; the same ones for everybody. */
  function touchable(): AcceptedLine[] {
    const events = options.events()
    for (const { event_id } of events)
      if (!touched.has(event_id)) touched.set(event_id, !choice.chance(clicks.untouched))
    return events.filter(({ event_id }) => touched.get(event_id)).slice(-clicks.newest)
  }

  async function person(nth: number, random: Random): Promise<void> {
    while (!stopping) {
      await wait(random.between(...clicks.pause))
      const events = touchable()
      if (stopping || events.length === 0) continue
      const click = ++made
      await press(random, { nth, click, event: random.pick(events), action: draw(random) })
    }
  }

  function draw(random: Random): string {
    let at = random.between(0, total)
    for (const [action, weight] of weights) {
      at -= weight
      if (at < 0) return action
    }
    return 'acknowledge'
  }

  async function press(
    random: Random,
    { nth, click, event, action }: { nth: number; click: number; event: AcceptedLine; action: string },
  ): Promise<void> {
    const by = `${options.name} person ${nth} click ${click}`
    const asked = Date.now()
    const byLink = action === 'acknowledge' && random.chance(clicks.links ?? 0)
    const link = byLink ? options.linkOf(event.notifications.map(({ id }) => id)) : undefined
    const way = link === undefined ? 'request' : 'link'
    const ask = link === undefined ? asRequest(bodyOf(nth, by, click, event, action)) : asLink(link, by)
    for (let tries = 1; performance.now() < giveUpAt; tries++) {
      const live = replicas.filter(({ origin }) => origin !== undefined)
      const answer = live.length === 0 ? undefined : await ask(random.pick(live))
      if (answer !== undefined) {
        note({ kind: 'click', asked, t: Date.now(), by, event_id: event.event_id, action, way, tries, ...answer })
        return
      }
      await wait(random.between(50, 250))
    }
    note({ kind: 'click_given_up', t: Date.now(), by })
  }

  function bodyOf(nth: number, by: string, click: number, event: AcceptedLine, action: string): string {
    const isReasoned = action === 'discard' || action === 'escalate'
    return JSON.stringify({
      action,
      event_id: event.event_id,
      actor: { id: `person-${nth}`, name: by },
      inputs: { ...(isReasoned ? { reason: 'chaos' } : {}), ...(action === 'discard' ? { quiet_for: 3_600 } : {}) },
      idempotency_key: `${options.name}-${click}`,
    })
  }

  const people = options.random.fork('people')
  const work = Promise.all(Array.from({ length: clicks.people }, (_, nth) => person(nth, people.fork(String(nth)))))
  return {
    async stop(giveUpAfterMs = 30_000) {
      stopping = true
      giveUpAt = performance.now() + giveUpAfterMs
      await work
    },
  }
}

type Answer = Pick<ClickLine, 'status' | 'state' | 'result' | 'action_id'>

/** Asks a replica; undefined where nothing was answered, or the gateway asks to be asked again. */
type Ask = (replica: Replica) => Promise<Answer | undefined>

function asRequest(body: string): Ask {
  return async (replica) => {
    try {
      const answer = await fetch(`${replica.origin}/v1/actions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(20_000),
      })
      const said = (await answer.json()) as { state?: string; result?: string; action_id?: string; code?: string }
      if (answer.status >= 500 || answer.status === 429) return undefined
      const { state = '', result = said.code ?? null, action_id = '' } = said
      return { status: answer.status, state, result, action_id }
    } catch {
      return undefined
    }
  }
}

/** The form is fetched once: sent again, it names the same action. Its page is answered with 403 where the action is refused. */
function asLink(path: string, name: string): Ask {
  let form: FetchedForm | undefined
  return async ({ publicOrigin = '' }) => {
    try {
      form ??= await fetchForm(publicOrigin, path)
      // The page says that there is nothing to do: somebody was first.
      if (!form.fields.has('action_id')) return { status: 200, state: 'shown', result: null, action_id: null }
      const status = await sendForm(publicOrigin, path, form, { name, publicUrl: PUBLIC_URL })
      if (status >= 500 || status === 429) return undefined
      return { status, state: status === 403 ? 'refused' : 'done', result: null, action_id: null }
    } catch {
      return undefined
    }
  }
}

/** Where people reach all replicas, as if a reverse proxy stood there. */
export const PUBLIC_URL = 'http://localhost'
