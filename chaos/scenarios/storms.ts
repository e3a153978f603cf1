import { setTimeout as wait } from 'node:timers/promises'
import { COMMON_PROMISES } from '../promises.ts'
import type { Scenario } from '../scenario.ts'
import type { World } from '../world.ts'

/** More events than a channel may get cards. */
export const STORMS: readonly Scenario[] = [
  {
    name: 'storm',
    does: 'a storm on two channels with more urgent events in it; three replicas share one small budget, and one is killed in the middle; one event type is silenced for a while',
    promises: COMMON_PROMISES,
    short: true,
    store: 'postgres',
    replicas: 3,
    setup: (form) => ({
      channels: ['sre', 'cloudops'],
      budget: form === 'full' ? { requests: 60, period: 60, burst: 10 } : { requests: 180, period: 60, burst: 10 },
      settled: form === 'full' ? 120_000 : 30_000,
      settings: form === 'full' ? {} : { TEAMS_DIGEST_AFTER: '5' },
    }),
    async play(world, form) {
      await world.startReplicas()
      const [, , third] = world.replicas
      const priorities = { CRITICAL: 1, HIGH: 2, MEDIUM: 5, LOW: 12, INFO: 80 }
      const storm =
        form === 'full'
          ? world.send({ rate: 150, events: 6_000, callers: 6, batch: 20, priorities })
          : world.send({ rate: 60, events: 600, batch: 20, priorities })
      await wait(form === 'full' ? 8_000 : 2_000)
      await silence(world, 'deployment.completed', form === 'full' ? 6_000 : 2_000)
      await wait(form === 'full' ? 7_000 : 2_000)
      await third?.kill()
      await Promise.all([storm.done, third?.start()])
    },
  },
  {
    name: 'urgent-first',
    does: 'a backlog of all priorities, larger than the budget but smaller than a storm; the most urgent must go first',
    promises: COMMON_PROMISES,
    short: true,
    store: 'postgres',
    replicas: 2,
    setup: () => ({
      channels: ['sre', 'devops'],
      // Slow enough that waits are long also on a machine that is six times as slow.
      budget: { requests: 120, period: 60, burst: 3 },
      settled: 120_000,
      // No digests: this scenario is about the queue.
      settings: { TEAMS_DIGEST_AFTER: '3600', TEAMS_DIGEST_URGENT: '1000' },
    }),
    async play(world, form) {
      await world.startReplicas()
      const priorities = { CRITICAL: 10, HIGH: 15, MEDIUM: 20, LOW: 25, INFO: 30 }
      const events = form === 'full' ? 600 : 110
      await world.send({ rate: form === 'full' ? 9 : 14, events, callers: 2, batch: 4, priorities }).done
    },
  },
]

async function silence(world: World, eventType: string, forMs: number): Promise<void> {
  const answer = await fetch(`${world.replica.origin}/v1/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ field: 'event_type', operator: '=', value: eventType }],
      ends_at: new Date(Date.now() + forMs).toISOString(),
      reason: 'chaos',
    }),
  })
  if (answer.status !== 201) throw new Error(`The silence was answered with ${answer.status}: ${await answer.text()}`)
  world.record({ kind: 'note', note: `${eventType} was silenced for ${forMs / 1000} s` })
}
