import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { Pool } from 'undici'
import { nowMs } from '../process-facts.ts'
import type { CeilingAnswer, CeilingRequest, CeilingStart, Recording } from './ceiling.ts'
import { insertStatement, stepStatement } from './statements.ts'

// The ceiling: the gateway's rows and bytes through `pg` and `undici` alone, in a process of its own. Everything that can
// be made beforehand is: it checks nothing, renders nothing, signs nothing and answers no request. It may not leave out
// the parts that make the work durable: a commit before a card goes out, the claim, and the record of each attempt.

const start = JSON.parse(process.argv[2] ?? '{}') as CeilingStart
const recording = JSON.parse(readFileSync(start.recording, 'utf8')) as Recording
const database = new pg.Pool({ connectionString: start.databaseUrl, max: start.databaseConnections, keepAlive: true })
const receiver = new Pool(start.receiverOrigin, { connections: start.connections, pipelining: 1 })
const INSERT = insertStatement(recording.eventColumns, recording.notificationColumns, recording.hasEntries)
const STEP = stepStatement(start.month, recording.hasEntries)
const holder = randomUUID()
/** No row is older or newer; the database's clock is this machine's. */
const oldest = new Date(Date.now() - 86_400_000)
const newest = new Date(Date.now() + 86_400_000)

let steps = 0
let rows = 0

/** Whole sizes with this mean: 7.5 gives 7, 8, 7, 8. */
function sizes(mean: number): () => number {
  let owed = 0
  return () => {
    owed += mean
    const size = Math.max(1, Math.floor(owed))
    owed -= size
    return size
  }
}

/**
 * Everything for one channel. As many posts as there are connections may be in flight; once enough have finished, one
 * step records them and claims as many as there is room for. Posts go on during a step.
 */
function createChannel(key: string) {
  const stepSize = sizes(start.stepSize)
  let nextStep = stepSize()
  let waiting = 0
  let inFlight = 0
  let stepping = false
  const done: string[] = []
  let left = 0
  let finished = () => {}

  function go(): void {
    const room = Math.min(waiting, start.connections - inFlight)
    if (stepping || (done.length < nextStep && inFlight > 0) || (done.length === 0 && room === 0)) return
    stepping = true
    step(done.splice(0, nextStep), room).catch(fail)
  }

  async function step(batch: readonly string[], claim: number): Promise<void> {
    nextStep = stepSize()
    waiting -= claim
    inFlight += claim
    steps++
    rows += batch.length
    const { rows: claimed } = await database.query<{ id: string; created_at: Date }>({
      name: 'step',
      text: STEP,
      values: [`[${batch.join(',')}]`, holder, key, claim, oldest, newest],
    })
    if (claimed.length !== claim) throw new Error(`${key}: ${claimed.length} rows claimed instead of ${claim}`)
    for (const row of claimed) post(row.id, row.created_at).catch(fail)
    left -= batch.length
    stepping = false
    if (left === 0) finished()
    else go()
  }

  async function post(id: string, createdAt: Date): Promise<void> {
    const card = recording.posts[id]
    if (!card) throw new Error(`no post is recorded for ${id}`)
    const startedAt = new Date()
    const response = await receiver.request({ method: 'POST', path: card.path, headers: card.headers, body: card.body })
    await response.body.dump()
    if (response.statusCode !== 202) throw new Error(`the receiver answered ${response.statusCode}`)
    inFlight--
    const times = `"created_at":"${createdAt.toISOString()}","started_at":"${startedAt.toISOString()}","finished_at":"${new Date().toISOString()}"`
    done.push(`{"id":"${id}",${times},${card.recorded}}`)
    go()
  }

  return {
    expect(count: number): Promise<void> {
      left += count
      return new Promise((resolve) => {
        finished = resolve
        if (left === 0) resolve()
      })
    },
    add(count: number): void {
      waiting += count
      go()
    },
  }
}

const channels = new Map<string, ReturnType<typeof createChannel>>()
function channelOf(key: string) {
  const known = channels.get(key) ?? createChannel(key)
  channels.set(key, known)
  return known
}

async function run(request: CeilingRequest): Promise<void> {
  steps = 0
  rows = 0
  const batches = recording.batches.slice(request.from, request.to)
  const totals = new Map<string, number>()
  for (const { perChannel } of batches)
    for (const [key, count] of Object.entries(perChannel)) totals.set(key, (totals.get(key) ?? 0) + count)
  const all = [...totals].map(([key, count]) => channelOf(key).expect(count))
  const from = nowMs()
  let next = 0
  const acceptBatches = async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) {
      await database.query({ name: 'insert', text: INSERT, values: [batch.events, batch.notifications, batch.entries] })
      for (const [key, count] of Object.entries(batch.perChannel)) channelOf(key).add(count)
    }
  }
  await Promise.all(Array.from({ length: start.concurrentRequests }, acceptBatches))
  const accepted = nowMs()
  await Promise.all(all)
  send({ kind: 'done', from, accepted, steps, rows })
}

function fail(error: unknown): void {
  console.error('the ceiling failed:', error)
  process.exit(1)
}

function send(answer: CeilingAnswer): void {
  process.send?.(answer)
}

process.on('message', (request: CeilingRequest) => {
  run(request).catch(fail)
})
process.on('disconnect', () => process.exit(0))
await database.query('SELECT 1')
send({ kind: 'ready' })
