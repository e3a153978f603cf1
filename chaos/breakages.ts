import type { PromiseName } from './promises.ts'

/** A change to the gateway's source that breaks a promise on purpose. */
export interface Breakage {
  readonly name: string
  readonly does: string
  /** Texts that are replaced; each is found exactly once. */
  readonly changes: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
  /** The promise that this breaks, and the scenario (in its short form) that has to notice. */
  readonly promise: PromiseName
  readonly scenario: string
}

/** Every breakage; a test checks that their texts are still there. */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: 'answer-before-commit',
    does: '202 is answered before the transaction commits',
    changes: [
      {
        file: 'src/gateway/send-events.ts',
        find: `const accepted = await inTransaction(kysely, (transaction) => acceptor.accept(transaction, checked, origin))`,
        replace: `const accepted = await new Promise<Accepted>((resolve, reject) => {
          kysely
            .transaction()
            .execute(async (transaction) => {
              const made = await acceptor.accept(transaction, checked, origin)
              resolve(made)
              await new Promise((later) => setTimeout(later, 250))
            })
            .catch(reject)
        })`,
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
        find: 'const answer = await transport.send({',
        replace: `const answer = outcome('accepted', { statusCode: 202 })
    void transport.send({`,
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
        find: "if (isObject(json) && json.error) return outcome('refused_in_body', details)",
        replace: '',
      },
      {
        file: 'src/transports/outcome.ts',
        find: 'if (/Webhook message delivery failed/i.test(body)) {',
        replace: 'if (!body && json) {',
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
        find: 'await insertEvents(transaction, {',
        replace: 'if (drafts.length < 0) await insertEvents(transaction, {',
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
        find: '    count,\n    first_at:',
        replace: '    count: count + 1,\n    first_at:',
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
        find: "THEN 'interrupted' END, repeat = true,",
        replace: "THEN 'interrupted' END,",
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
        find: 'const FREE = sql`(turn_by IS NULL',
        replace: 'const FREE = sql`(true OR turn_by IS NULL',
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
        find: 'clock.after(settings.TEAMS_SHUTDOWN_TIMEOUT * 1000, () => hurry.abort())',
        replace: 'clock.after(0, () => hurry.abort())',
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
        find: '} n.priority_rank, n.created_at, n.id',
        replace: '} n.created_at, n.id',
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
        find: 'return { tokens: bucket.tokens - count, refilledAt: bucket.refilledAt }',
        replace: 'return bucket',
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
        find: 'FROM finished f WHERE f.posted AND',
        replace: 'FROM finished f WHERE false AND',
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
        find: 'statusCode: recordable(outcome.statusCode),',
        replace: 'statusCode: recordable(outcome.statusCode) && 200,',
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
    name: 'late-results-dropped',
    does: 'outcomes of a turn that has lost its lease are not recorded',
    changes: [
      {
        file: 'src/store/record-late.ts',
        find: "if (outcome === 'interrupted') return false",
        replace: 'if (outcome) return false',
      },
    ],
    promise: 'audit',
    scenario: 'suspended',
  },
  {
    name: 'posts-after-the-lease',
    does: 'a post that waited for a connection is written without a check of the lease',
    changes: [
      { file: 'src/delivery/attempt.ts', find: 'mayPost: lease.alive,', replace: 'mayPost: () => true,' },
      {
        file: 'src/delivery/attempt.ts',
        find: 'callOff: lease.ended,',
        replace: 'callOff: new AbortController().signal,',
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
        find: 'sql`(turn_by IS NULL OR turn_until < clock_timestamp()\n',
        replace: 'sql`(turn_by IS NULL OR (turn_by IS NULL AND turn_until < clock_timestamp())\n',
      },
    ],
    promise: 'recovery',
    scenario: 'kill-postgres',
  },
]
