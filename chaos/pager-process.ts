import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { startPagerDuty } from '../src/stand-ins/pagers/pagerduty.ts'
import { PAGER_KEY } from './escalation.ts'
import { createLines, type PagerLine } from './history.ts'
import type { PagerFault, PagerPlan } from './pager.ts'
import { createRandom } from './random.ts'

// PagerDuty's stand-in in a process of its own: `node chaos/pager-process.ts LOG`. In front of it stands a server that plays the
// faults of its plan, and writes down each request before it answers. Prints where it is, and where it takes a plan (PUT).

const lines = createLines<PagerLine>(process.argv[2] ?? '')
const pagerDuty = await startPagerDuty({ routingKeys: [PAGER_KEY] })
let plan: PagerPlan = { seed: 'calm', faults: {}, away: false }
let random = createRandom(plan.seed)

/** Time until a slow answer; within the gateway's time-out. */
const SLOW_MS = 1_200

function draw(): PagerFault | 'ok' {
  let at = random.between(0, 1)
  for (const [fault, share] of Object.entries(plan.faults)) {
    at -= share
    if (at < 0) return fault as PagerFault
  }
  return 'ok'
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request)
  const how = draw()
  const asked = JSON.parse(body) as { event_action: string; dedup_key: string }
  const note = (status: number | null, taken: boolean) =>
    lines.write({ kind: 'pager', t: Date.now(), request: asked.event_action, key: asked.dedup_key, status, how, taken })
  if (how === 'throttled') {
    note(429, false)
    return void response.writeHead(429, { 'retry-after': '1' }).end('{}')
  }
  if (how === 'unavailable') {
    note(503, false)
    return void response.writeHead(503).end('{}')
  }
  if (how === 'cut_before' || how === 'hang') {
    note(null, false)
    if (how === 'cut_before') request.socket.resetAndDestroy()
    return
  }
  const answer = await fetch(`${pagerDuty.url}/v2/enqueue`, { method: 'POST', body })
  const said = await answer.text()
  note(how === 'cut_after' ? null : answer.status, answer.status === 202)
  if (how === 'cut_after') return void request.socket.resetAndDestroy()
  if (how === 'slow') await wait(SLOW_MS)
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(said)
}

const server = createServer((request, response) => {
  take(request, response).catch(() => response.destroy())
})

const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
const portOf = (of: typeof server) => {
  const address = of.address()
  return address && typeof address === 'object' ? address.port : 0
}
await listen(0)
const port = portOf(server)

async function follow(next: PagerPlan): Promise<void> {
  random = createRandom(next.seed)
  const wasAway = plan.away
  plan = next
  if (next.away && !wasAway) {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  if (!next.away && wasAway) await listen(port)
}

const control = createServer((request, response) => {
  textOf(request)
    .then((text) => follow(JSON.parse(text) as PagerPlan))
    .then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    )
})
control.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, control: `http://127.0.0.1:${portOf(control)}` }))
})
