import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { checkScenario } from './check.ts'
import { dumpEmbedded, dumpPostgres } from './dump.ts'
import type { ScenarioFacts } from './history.ts'
import { watchSlowness } from './machine.ts'
import { NotStarted } from './replicas.ts'
import type { Scenario } from './scenario.ts'
import type { Setup } from './setup.ts'
import type { ScenarioResult } from './summary.ts'
import { verifyTrail } from './verify-trail.ts'
import { BUDGET, CHANNELS, createWorld, type ScenarioRun, TIMEOUT_MS, type World } from './world.ts'

/** What is allowed for between an act and its trace on an idle machine; docs/reliability.md says why. */
const BOUNDS = { recorded: 1_500, jitter: 1_000, claimed: 1_500, settled: 60_000, called: 10_000 } as const
/** Wait beyond the bound, to distinguish late cards from lost ones. */
const BEYOND_BOUND_MS = 15_000

/** Plays one scenario, writes its history to `folder`, and checks it. */
export async function runScenario(
  options: ScenarioRun & {
    readonly scenario: Scenario
    /** Closed if the run is ended from outside: nothing that was started or mounted may stay behind. */
    readonly closers: Set<() => Promise<void>>
  },
): Promise<ScenarioResult> {
  const { scenario, form, folder } = options
  const began = Date.now()
  rmSync(folder, { recursive: true, force: true })
  const setup = scenario.setup?.(form) ?? {}
  const slowness = watchSlowness()
  const bounds = () => ({
    recorded: Math.round(BOUNDS.recorded * slowness.most),
    jitter: Math.round(BOUNDS.jitter * slowness.most),
    claimed: Math.round(BOUNDS.claimed * slowness.most),
    settled: Math.round((setup.settled ?? BOUNDS.settled) * slowness.most),
    called: Math.round(BOUNDS.called * slowness.most),
  })
  const world = await createWorld(options, setup)
  options.closers.add(world.close)
  try {
    await scenario.play(world, form).catch((error: unknown) => {
      if (!(error instanceof NotStarted)) throw error
      note(world, 'the scenario was cut short', error)
    })
    await quieten(world, setup.escalation?.tiers.some(({ pagers }) => pagers.length > 0) ?? false)
    await settle(world, setup, bounds().settled + BEYOND_BOUND_MS)
    // Each on its own, as a rolling restart would: the others must not need it.
    for (const replica of world.replicas) await replica.stop()
    const dump = join(folder, 'database.jsonl')
    if (scenario.store === 'embedded') await dumpEmbedded(join(folder, 'data'), dump)
    else await dumpPostgres(world.postgres.url, dump)
    await verifyTrail(options.root, world.store, folder)
  } finally {
    await world.close()
    options.closers.delete(world.close)
    slowness.stop()
  }
  rmSync(join(folder, 'data'), { recursive: true, force: true })
  const facts: ScenarioFacts = {
    name: scenario.name,
    seed: options.seed,
    form,
    promises: scenario.promises,
    store: scenario.store,
    replicas: scenario.replicas,
    channels: setup.channels ?? CHANNELS,
    budget: setup.budget ?? BUDGET,
    clock_jumps: setup.clockJumps ?? 0,
    timeout_ms: setup.timeoutMs ?? TIMEOUT_MS,
    escalation: setup.escalation,
    slowness: Number(slowness.most.toFixed(1)),
    bounds: bounds(),
    took: Date.now() - began,
  }
  writeFileSync(join(folder, 'scenario.json'), `${JSON.stringify(facts, null, 2)}\n`)
  return checkScenario(folder)
}

/** Ends all faults: what is broken is mended, what does not run is started, and nothing new is sent. */
async function quieten(world: World, hasPager: boolean): Promise<void> {
  await world.receiver.plan({ '*': {} })
  if (hasPager) await world.pager.plan({})
  for (const replica of world.replicas)
    if (!replica.process) await replica.start().catch((error: unknown) => note(world, replica.name, error))
  await Promise.all(world.replicas.map((replica) => replica.settled()))
  await Promise.all([...world.senders, ...world.clickers].map((one) => one.stop()))
  world.mendAll()
  world.record({ kind: 'calm' })
}

function note(world: World, who: string, error: unknown): void {
  world.record({ kind: 'note', note: `${who}: ${error instanceof Error ? error.message : String(error)}` })
}

/** Waits until nothing is pending or in flight. Failed notifications are replayed, as an operator would. */
async function settle(world: World, { escalation }: Setup, mostMs: number): Promise<void> {
  const until = Date.now() + mostMs
  let waiting = Number.NaN
  for (let quiet = 0; quiet < 2 && Date.now() < until; ) {
    try {
      for (const id of await idsIn(world, 'failed')) {
        world.record({ kind: 'note', note: `replayed ${id}` })
        await ask(world, `/v1/notifications/${id}/replay`, 'POST')
      }
      waiting = (await idsIn(world, 'pending')).length + (await idsIn(world, 'sending')).length
      if (escalation) waiting += await dueLater(world)
      quiet = waiting === 0 ? quiet + 1 : 0
    } catch (error) {
      note(world, 'settle', error)
    }
    world.progress(Number.isNaN(waiting) ? 'no gateway answers' : `waits for ${waiting}`)
    await wait(200)
  }
  world.record({ kind: 'settled', waiting })
}

/**
 * Tiers of the scenario's policy that will be called, and requests to pagers that will be made. The new number of an alert that
 * others were folded into is not waited for: it is told a minute later.
 */
async function dueLater(world: World): Promise<number> {
  const [row] = await world.ask<{ count: number }>(
    `SELECT (SELECT count(*) FROM teams_escalations WHERE policy = 'chaos' AND state = 'climbing' AND next_at IS NOT NULL)::int
          + (SELECT count(*) FROM teams_pager_alerts WHERE next_attempt_at IS NOT NULL AND told IS DISTINCT FROM wanted)::int AS count`,
  )
  return row?.count ?? 0
}

async function idsIn(world: World, state: string): Promise<string[]> {
  const answer = (await ask(world, `/v1/notifications?state=${state}&limit=500`, 'GET')) as {
    notifications: { id: string }[]
  }
  return answer.notifications.map(({ id }) => id)
}

async function ask(world: World, path: string, method: string): Promise<unknown> {
  const replica = world.replicas.find(({ origin }) => origin !== undefined)
  if (!replica) throw new Error('no gateway runs')
  const answer = await fetch(`${replica.origin}${path}`, { method, signal: AbortSignal.timeout(15_000) })
  const body: unknown = await answer.json()
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`)
  return body
}
