import type { Breakage } from '../breakages/breakage.ts'
import type { PromiseName } from './promises.ts'

/** A breakage of a promise. */
export interface ChaosBreakage extends Breakage {
  readonly does: string
  readonly promise: PromiseName
  /** The scenario that has to notice, in its short form. */
  readonly scenario: string
}

/** At least one breakage for each promise. */
export const BREAKAGES: readonly ChaosBreakage[] = [
  {
    name: 'answer-before-commit',
    does: '202 is answered before the transaction commits',
    changes: [
      {
        file: 'src/gateway/send-events.ts',
        find: 'await inTransaction(',
        replace: `await ((kysely, work) => new Promise((resolve, reject) => {
          kysely.transaction().execute(async (transaction) => {
            resolve(await work(transaction))
            await new Promise((later) => setTimeout(later, 250))
          }).catch(reject)
        }))(`,
      },
    ],
    promise: 'delivered',
    scenario: 'kill-postgres',
  },
  {
    name: 'accepted-before-posted',
    does: "a card is recorded as accepted without waiting for the receiver's answer",
    changes: [
      {
        file: 'src/delivery/attempt.ts',
        find: 'const answer = await transport',
        replace: `const answer = outcome('accepted', { statusCode: 202 })
    void transport`,
      },
    ],
    promise: 'delivered',
    scenario: 'receiver',
  },
  {
    name: 'refusals-believed',
    does: 'a 2xx whose body reports a failure counts as accepted',
    changes: [
      {
        file: 'src/transports/outcome.ts',
        find: 'isObject(json) && json.error',
        replace: 'false',
      },
      {
        file: 'src/transports/outcome.ts',
        find: 'Webhook message delivery failed',
        replace: 'no answer says this',
      },
    ],
    promise: 'delivered',
    scenario: 'receiver',
  },
  {
    name: 'digest-not-written',
    does: 'notifications are moved into a digest that is never written',
    changes: [
      {
        file: 'src/delivery/digest.ts',
        find: 'await insertEvents(',
        replace: 'if (drafts.length < 0) await insertEvents(',
      },
    ],
    promise: 'delivered',
    scenario: 'storm',
  },
  {
    name: 'digest-miscounts',
    does: 'a digest counts one member too many',
    changes: [
      {
        file: 'src/delivery/digest.ts',
        find: '\n    count,',
        replace: '\n    count: count + 1,',
      },
    ],
    promise: 'delivered',
    scenario: 'storm',
  },
  {
    name: 'repeat-not-marked',
    does: 'cards that a killed process had in flight go back to pending without the mark of a repeat',
    changes: [
      {
        file: 'src/store/claim.ts',
        find: ', repeat = true',
        replace: '',
      },
    ],
    promise: 'repeats',
    scenario: 'kill-postgres',
  },
  {
    name: 'lease-ignored',
    does: 'a turn takes a channel during the lease of another turn, so that the channel has two turns',
    changes: [
      {
        file: 'src/store/turns.ts',
        find: '(turn_by IS NULL',
        replace: '(true OR turn_by IS NULL',
      },
    ],
    promise: 'repeats',
    scenario: 'sigterm',
  },
  {
    name: 'posts-dropped-at-stop',
    does: 'a graceful stop does not wait for posts in flight',
    changes: [
      {
        file: 'src/app/wiring.ts',
        find: 'clock.after(settings.TEAMS_SHUTDOWN_TIMEOUT * 1000',
        replace: 'clock.after(0',
      },
    ],
    promise: 'repeats',
    scenario: 'sigterm',
  },
  {
    name: 'no-priority',
    does: 'due notifications are claimed by age alone',
    changes: [
      {
        file: 'src/store/claim.ts',
        find: 'n.priority_rank, ',
        replace: '',
      },
    ],
    promise: 'order',
    scenario: 'urgent-first',
  },
  {
    name: 'budget-not-saved',
    does: "sent cards are not deducted from the channel's budget",
    changes: [
      {
        file: 'src/delivery/budget.ts',
        find: 'bucket.tokens - count',
        replace: 'bucket.tokens',
      },
    ],
    promise: 'budget',
    scenario: 'storm',
  },
  {
    name: 'attempts-not-recorded',
    does: 'attempts are not written',
    changes: [
      {
        file: 'src/store/record.ts',
        find: 'WHERE f.posted',
        replace: 'WHERE false',
      },
    ],
    promise: 'audit',
    scenario: 'sigterm',
  },
  {
    name: 'status-made-up',
    does: 'attempt rows have status 200 for every answer',
    changes: [
      {
        file: 'src/delivery/decide-retry.ts',
        find: 'recordable(outcome.statusCode)',
        replace: 'recordable(outcome.statusCode) && 200',
      },
    ],
    promise: 'audit',
    scenario: 'sigterm',
  },
  {
    name: 'deaf-to-cut-connections',
    does: 'no handler for errors of PostgreSQL connections that are in use',
    changes: [{ file: 'src/store/kysely-pool.ts', find: "client.on('error', () => {})", replace: 'known.has(client)' }],
    promise: 'processes',
    scenario: 'postgres-away',
  },
  {
    name: 'entry-skipped',
    does: 'second attempts have no audit entry',
    changes: [
      {
        file: 'src/store/record.ts',
        find: 'WHERE n.id IS NOT NULL OR a.notification_id IS NOT NULL',
        replace: 'WHERE (n.id IS NOT NULL OR a.notification_id IS NOT NULL) AND f.attempt <> 2',
      },
    ],
    promise: 'trail',
    scenario: 'receiver',
  },
  {
    name: 'late-results-dropped',
    does: 'outcomes of a turn that has lost its lease are not recorded',
    changes: [
      {
        file: 'src/store/record-late.ts',
        find: "outcome === 'interrupted'",
        replace: 'outcome',
      },
    ],
    promise: 'audit',
    scenario: 'suspended',
  },
  {
    name: 'posts-after-the-lease',
    does: 'a post that waited for a connection is written without a check of the lease',
    changes: [
      { file: 'src/delivery/attempt.ts', find: 'lease.alive', replace: '() => true' },
      {
        file: 'src/delivery/attempt.ts',
        find: 'lease.ended',
        replace: 'new AbortController().signal',
      },
    ],
    promise: 'repeats',
    scenario: 'suspended',
  },
  {
    name: 'lease-never-ends',
    does: 'the lease of a killed process never ends',
    changes: [
      {
        file: 'src/store/turns.ts',
        find: 'OR turn_until <',
        replace: 'OR turn_by IS NULL AND turn_until <',
      },
    ],
    promise: 'recovery',
    scenario: 'kill-postgres',
  },
  {
    name: 'acknowledged-climbs',
    does: 'an acknowledgement does not stop the timer of its event',
    changes: [
      {
        file: 'src/actions/act.ts',
        find: 'await timers.acknowledged(transaction, ids, at)',
        replace: 'return false',
      },
    ],
    promise: 'actions',
    scenario: 'acting',
  },
  {
    name: 'second-click-done',
    does: 'an event that somebody has acknowledged is acknowledged again',
    changes: [
      {
        file: 'src/actions/decide.ts',
        find: 'state.acknowledged === null || state.calling',
        replace: 'state !== null',
      },
    ],
    promise: 'actions',
    scenario: 'acting',
  },
  {
    name: 'ticks-without-transaction',
    does: 'each statement of a tick commits by itself, so that two replicas call the same tiers',
    changes: [
      {
        file: 'src/escalation/tick.ts',
        find: 'const done = await inTransaction(',
        replace: 'const done = await ((db, work) => work(db))(',
      },
    ],
    promise: 'tiers',
    scenario: 'climbing',
  },
  {
    name: 'pager-not-told-of-the-end',
    does: 'the service of a pager is not told that an event was discarded',
    changes: [{ file: 'src/escalation/create-timers.ts', find: "eventIds, 'resolve'", replace: "[], 'resolve'" }],
    promise: 'alerts',
    scenario: 'climbing',
  },
  {
    name: 'pager-refusals-believed',
    does: "each answer of a pager's service counts as accepted",
    changes: [{ file: 'src/pagers/http.ts', find: 'status < 300', replace: 'status < 600' }],
    promise: 'alerts',
    scenario: 'climbing',
  },
]
