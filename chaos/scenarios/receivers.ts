import { setTimeout as wait } from 'node:timers/promises'
import type { AnswerName } from '../faults.ts'
import { ALL_BUT_ORDER } from '../promises.ts'
import type { Scenario } from '../scenario.ts'

const KINDS: readonly (readonly AnswerName[])[] = [
  ['rate_limited_seconds'],
  ['rate_limited_date'],
  ['rate_limited_absent'],
  ['rate_limited_absurd'],
  ['server_error'],
  ['bad_gateway'],
  ['unavailable'],
  ['hang'],
  ['reset_before', 'reset_after'],
  ['cut_body', 'cut_error_body'],
  ['slow', 'drip'],
  ['too_late'],
  ['refused_text', 'refused_text_429', 'refused_json'],
]

/** What the receiving end can answer. */
export const RECEIVERS: readonly Scenario[] = [
  {
    name: 'receiver',
    does: 'the receiver answers 429 (four kinds of Retry-After), 500, 502, 503, hangs, resets, closes mid-body, is slow, answers after the time-out, or refuses in the body of a 2xx: one fault at a time, mixed, and for every post of a channel',
    // No order: a channel that rests is probed with each of its notifications in turn, as it should be.
    promises: ALL_BUT_ORDER,
    short: true,
    store: 'postgres',
    replicas: 2,
    // A card that meets a fault again and again gives up for good by design; here each is to arrive in the end.
    setup: () => ({
      settings: { TEAMS_MAX_RETRIES: '20', TEAMS_BREAKER_THRESHOLD: '5' },
      settled: 90_000,
      timeoutMs: 2_500,
    }),
    async play(world, form) {
      const random = world.random.fork('faults')
      await world.startReplicas()
      world.send({ rate: 40 })
      const rounds = form === 'full' ? 3 : 1
      for (let round = 1; round <= rounds; round++) {
        // In the full form each kind is for some time the only one; in the short form they fall to different channels.
        const steps = form === 'full' ? KINDS.length + 2 : 2
        for (let step = 0; step < steps; step++) {
          const plan = Object.fromEntries(
            world.channels.map((channel, index) => {
              const kinds =
                KINDS[(step * (form === 'full' ? 1 : 6) + index * (form === 'full' ? 3 : 1)) % KINDS.length] ?? []
              const whole = random.chance(0.25)
              const share = whole ? 1 : random.between(0.15, 0.7)
              const faults = Object.fromEntries(kinds.map((kind) => [kind, share / kinds.length]))
              return [channel, { seed: `${round}-${step}-${random.whole(1, 1e9)}`, faults }] as const
            }),
          )
          const what = Object.entries(plan).map(([channel, { faults }]) => `${channel}: ${JSON.stringify(faults)}`)
          const mended = world.fault(what.join('; '), 'receiver', { cuts: false })
          await world.receiver.plan(plan)
          world.progress(`round ${round}, step ${step + 1} of ${steps}`)
          await wait(form === 'full' ? 6_000 : 4_500)
          mended()
        }
        // All at once.
        const mixed = Object.fromEntries(KINDS.flat().map((kind) => [kind, 0.5 / KINDS.flat().length]))
        const mended = world.fault('everything mixed', 'receiver', { cuts: false })
        await world.receiver.plan({ '*': { seed: `mixed-${round}`, faults: mixed } })
        await wait(form === 'full' ? 20_000 : 4_000)
        mended()
      }
    },
  },
]
