import '../../kernel/require-node.ts'

import { randomUUID } from 'node:crypto'
import { refusalsOf } from './jsm-refusals.ts'
import { createWindow, objectOf, type PagerAnswer, type PagerFault, type PagerRequest, servePager } from './server.ts'

/** An alert of Jira Service Management or Opsgenie. */
export interface JsmAlert {
  readonly id: string
  /** Key by which creations join the open alert; its own id where none was given. */
  readonly alias: string
  readonly status: 'open' | 'closed'
  readonly acknowledged: boolean
  readonly message: string
  readonly priority: string
  /** The body that created it, as received. */
  readonly body: Readonly<Record<string, unknown>>
  /** Number of creations that it has, the first included. */
  readonly count: number
  /** Every change, the oldest first; `by` is `api` for the API, else the person. */
  readonly changes: readonly {
    readonly action: 'create' | 'acknowledge' | 'close' | 'note'
    readonly at: string
    readonly by: string
  }[]
}

/** Options of {@link startJsm}. */
export interface JsmOptions {
  /** API keys that exist; any non-empty one if absent. */
  readonly apiKeys?: readonly string[]
  /** Requests per minute and key. Atlassian publishes no number; 60 if absent. */
  readonly perMinute?: number
  /** True to process requests only at {@link JsmStandIn.process}: until then their status answers 404. */
  readonly held?: boolean
  readonly port?: number
  readonly now?: () => Date
}

/** A running stand-in for the alert API. */
export interface JsmStandIn {
  /** Origin of the API, the `url` of a pager in the configuration. */
  readonly url: string
  /** All alerts, the oldest first, closed ones included. */
  alerts(): readonly JsmAlert[]
  /** The newest alert with this alias. */
  alert(alias: string): JsmAlert | undefined
  /** Number of requests that write, refused ones included. */
  requests(): number
  /** Queues a fault for the next request, also for one that asks for a status; several apply in order. */
  failNext(fault: PagerFault): void
  /** Processes the requests that are held. */
  process(): void
  /** A person presses a button at the newest alert with this alias. */
  press(button: 'acknowledge' | 'close', alias: string, by?: string): void
  close(): Promise<void>
}

/** What became of a request, as its status says. */
interface Processed {
  readonly isSuccess: boolean
  readonly status: string
  readonly action: string
  readonly alertId: string
  readonly alias: string
}

const PATH = /^(?:\/jsm\/ops\/integration)?\/v2\/alerts(?:\/(requests\/)?([^/]+)(?:\/(acknowledge|close|notes))?)?$/

/**
 * Starts an HTTP server that behaves like the alert API of Jira Service Management (`/jsm/ops/integration/v2/alerts`) and of
 * Opsgenie (`/v2/alerts`), with a `GenieKey`: it refuses what they refuse, answers 202 to every write, and says only at
 * `requests/{requestId}` what came of it. For tests, and for trying a pager without an account.
 */
export async function startJsm(options: JsmOptions = {}): Promise<JsmStandIn> {
  const now = () => options.now?.() ?? new Date()
  const window = createWindow(options.perMinute ?? 60, () => now().getTime())
  const faults: PagerFault[] = []
  const alerts: JsmAlert[] = []
  const processed = new Map<string, Processed>()
  const held: (() => void)[] = []
  let requests = 0

  const find = (name: string, by: string | null) =>
    alerts.findLastIndex((alert) =>
      by === 'alias' ? alert.alias === name && alert.status === 'open' : alert.id === name,
    )

  function change(index: number, action: 'acknowledge' | 'close' | 'note', by: string): string | undefined {
    const alert = alerts[index]
    if (alert === undefined || alert.status === 'closed') return 'Alert does not exist'
    if (action === 'acknowledge' && alert.acknowledged) return 'Alert is already acknowledged'
    alerts[index] = {
      ...alert,
      status: action === 'close' ? 'closed' : alert.status,
      acknowledged: alert.acknowledged || action === 'acknowledge',
      changes: [...alert.changes, { action, at: now().toISOString(), by }],
    }
    return undefined
  }

  function create(body: Readonly<Record<string, unknown>>): Omit<Processed, 'action'> {
    const alias = typeof body.alias === 'string' && body.alias !== '' ? body.alias : undefined
    const index = alias === undefined ? -1 : find(alias, 'alias')
    const open = alerts[index]
    if (open !== undefined) {
      alerts[index] = { ...open, count: open.count + 1 }
      return { isSuccess: true, status: 'Alert count is increased', alertId: open.id, alias: open.alias }
    }
    const id = `${randomUUID()}-${now().getTime()}`
    const priority = typeof body.priority === 'string' ? body.priority : 'P3'
    const changes = [{ action: 'create' as const, at: now().toISOString(), by: 'api' }]
    const message = String(body.message)
    alerts.push({
      ...{ id, alias: alias ?? id, status: 'open', acknowledged: false, message, priority, body, count: 1, changes },
    })
    return { isSuccess: true, status: 'Created alert', alertId: id, alias: alias ?? id }
  }

  function write(
    action: 'create' | 'acknowledge' | 'close' | 'notes',
    target: string,
    request: PagerRequest,
  ): PagerAnswer {
    const body = objectOf(request.body.length === 0 ? Buffer.from('{}') : request.body)
    if (body === undefined) return refuse(400, 'Body is no JSON object')
    const errors = refusalsOf(body, action === 'create' ? 'create' : 'change')
    if (Object.keys(errors).length > 0) return refuse(422, 'Request body is not processable', errors)
    const requestId = randomUUID()
    const run = (): void => {
      if (action === 'create') {
        processed.set(requestId, { ...create(body), action: 'Create' })
        return
      }
      const index = find(target, request.query.get('identifierType'))
      const { id = '', alias = '' } = alerts[index] ?? {}
      const failure = change(index, action === 'notes' ? 'note' : action, 'api')
      const name = { acknowledge: 'Acknowledge', close: 'Close', notes: 'AddNote' }[action]
      const status = failure ?? `${name} done`
      processed.set(requestId, { isSuccess: failure === undefined, status, action: name, alertId: id, alias })
    }
    if (options.held) held.push(run)
    else run()
    return { status: 202, body: { result: 'Request will be processed', took: 0.1, requestId } }
  }

  function answer(request: PagerRequest): PagerAnswer {
    const key = /^GenieKey (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const [matched, isRequest, name = '', action] = PATH.exec(request.path) ?? []
    if (matched === undefined) return refuse(404, 'No such path')
    if (key === undefined) return refuse(401, 'Key format is not valid!')
    if (options.apiKeys !== undefined && !options.apiKeys.includes(key)) return refuse(403, 'No such key')
    const target = decodeURIComponent(name)
    if (isRequest !== undefined && action === undefined && request.method === 'GET') return statusOf(target)
    const kind = name === '' ? 'create' : (action as 'acknowledge' | 'close' | 'notes' | undefined)
    if (request.method !== 'POST' || kind === undefined || isRequest !== undefined) return refuse(405, 'Not allowed')
    requests += 1
    if (!window.take(key)) return { ...refuse(429, 'You are making too many requests!'), headers: THROTTLED }
    return write(kind, target, request)
  }

  function statusOf(requestId: string): PagerAnswer {
    const found = processed.get(requestId)
    if (found === undefined)
      return {
        ...refuse(404, 'Request not found. It might not be processed, yet.'),
        headers: { 'x-opsgenie-errortype': 'RequestNotProcessed' },
      }
    const data = { ...found, success: found.isSuccess, processedAt: now().toISOString(), integrationId: 'stand-in' }
    return { status: 200, body: { data, took: 0.01, requestId: randomUUID() } }
  }

  const server = await servePager({ port: options.port, faults, answer })
  return {
    url: server.origin,
    alerts: () => alerts,
    alert: (alias) => alerts.findLast((alert) => alert.alias === alias),
    requests: () => requests,
    failNext: (fault) => void faults.push(fault),
    process() {
      for (const run of held.splice(0)) run()
    },
    press(button, alias, by = 'Sara') {
      change(find(alias, 'alias'), button, by)
    },
    close: server.close,
  }
}

const THROTTLED = {
  'x-ratelimit-state': 'THROTTLED',
  'x-ratelimit-reason': 'INTEGRATION',
  'x-ratelimit-period-in-sec': '60',
}

function refuse(status: number, message: string, errors?: Readonly<Record<string, string>>): PagerAnswer {
  return { status, body: { message, took: 0, requestId: randomUUID(), ...(errors === undefined ? {} : { errors }) } }
}
