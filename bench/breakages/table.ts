import { type ScenarioName, UsageError } from '../options.ts'

/** One text of the gateway's source in place of another. */
export interface Change {
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A way to break a promise, and who has to notice. */
export interface Breakage {
  readonly name: string
  /** What is wrong with the gateway then, in a few words. */
  readonly does: string
  readonly scenario: ScenarioName
  /** The figure whose target must then be missed, and is met without. */
  readonly figure: string
  readonly changes: readonly Change[]
}

/** JavaScript that keeps the process busy for so many milliseconds. */
const busy = (ms: number) => `{ const until = performance.now() + ${ms}; while (performance.now() < until); } `

/**
 * Promises broken on purpose, to see that the bench notices (`--break NAME`): slips that a person could make, and where
 * none comes to mind, plain slowness.
 */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: 'first of a request lost',
    does: 'the first notification of each request is answered for, and not written',
    scenario: 'throughput',
    figure: 'throughput.lost',
    changes: [
      {
        file: 'src/store/insert-events.ts',
        find: 'const notifications = rows.notifications.map((notification) => {',
        replace: 'const notifications = rows.notifications.slice(1).map((notification) => {',
      },
    ],
  },
  {
    name: 'posted twice',
    does: 'each card is posted twice',
    scenario: 'throughput',
    figure: 'throughput.received_twice',
    changes: [
      {
        file: 'src/delivery/posts.ts',
        find: 'for (const one of claimed) void run(one)',
        replace: 'for (const one of claimed) { void make(one); void run(one) }',
      },
    ],
  },
  {
    name: 'slow cards',
    does: 'to draw a card takes 3 ms longer',
    scenario: 'throughput',
    figure: 'throughput.ratio',
    changes: [
      {
        file: 'src/cards/renderer.ts',
        find: 'const card = cardSet.cards.get(request.card)',
        replace: `${busy(3)}const card = cardSet.cards.get(request.card)`,
      },
    ],
  },
  {
    name: 'cards kept in memory',
    does: '40 kB are kept for each card, for ever',
    scenario: 'throughput',
    figure: 'throughput.peak_memory',
    changes: [
      {
        file: 'src/cards/renderer.ts',
        find: 'if (problems.length > 0) throw',
        replace: 'const kept: Buffer[] = []; if (problems.length > 0) throw',
      },
      {
        file: 'src/cards/renderer.ts',
        find: 'const card = cardSet.cards.get(request.card)',
        replace: 'kept.push(Buffer.alloc(40_000, 1)); const card = cardSet.cards.get(request.card)',
      },
    ],
  },
  {
    name: 'slow accept',
    does: 'each request waits 60 ms before it is written',
    scenario: 'latency',
    figure: 'latency.p99',
    changes: [
      {
        file: 'src/gateway/send-events.ts',
        find: 'const accepted = await inTransaction',
        replace: 'await new Promise((resolve) => setTimeout(resolve, 60)); const accepted = await inTransaction',
      },
    ],
  },
  {
    name: 'nobody woken',
    does: 'an accepted event wakes no drain; the sweep finds it',
    scenario: 'latency',
    figure: 'latency.p99',
    changes: [
      {
        file: 'src/delivery/engine.ts',
        find: 'if (jobs.length > 0) await boss.insert(',
        replace: 'if (jobs.length > 1_000) await boss.insert(',
      },
    ],
  },
  {
    name: 'no end to the budget',
    does: 'a storm makes no digests, and each step of a turn has one card more than the budget',
    scenario: 'storm',
    figure: 'storm.most_in_a_minute',
    // Of a storm with digests a third of the budget is used, so that no slip of the budget alone shows in it.
    changes: [
      {
        file: 'src/delivery/storm.ts',
        find: 'if (waiting.all <= cards) return CALM',
        replace: 'if (waiting.all >= 0) return CALM',
      },
      {
        file: 'src/delivery/step.ts',
        find: 'planTurn(known, ',
        replace: 'planTurn({ ...known, tokens: after.tokens + 1 }, ',
      },
    ],
  },
  {
    name: 'urgent waits with the rest',
    does: 'CRITICAL and HIGH wait for the digest, as the rest does',
    scenario: 'storm',
    figure: 'storm.critical_p99',
    changes: [
      { file: 'src/store/claim.ts', find: 'AND n.priority_rank <= 1`', replace: 'AND n.priority_rank <= -1`' },
      {
        file: 'src/store/claim.ts',
        find: 'AND n.priority_rank >= 2 AND n.created_at <= ',
        replace: 'AND n.priority_rank >= 0 AND n.created_at <= ',
      },
    ],
  },
  {
    name: 'no digests',
    does: 'a storm makes no digests',
    scenario: 'storm',
    figure: 'storm.represented_after',
    changes: [
      {
        file: 'src/delivery/storm.ts',
        find: 'if (waiting.all <= cards) return CALM',
        replace: 'if (waiting.all >= 0) return CALM',
      },
    ],
  },
  {
    name: 'digests that nobody gets',
    does: 'a digest is made and never sent',
    scenario: 'storm',
    figure: 'storm.unrepresented',
    changes: [
      {
        file: 'src/delivery/digest.ts',
        find: "state: 'pending',\n      reason: null,",
        replace: "state: 'suppressed',\n      reason: 'muted',",
      },
    ],
  },
  {
    name: 'every month looked through',
    does: 'each step looks for work in every month that there is',
    scenario: 'growth',
    figure: 'growth.ratio',
    changes: [
      {
        file: 'src/delivery/step.ts',
        find: 'const CLAIM_WINDOW_MS = 86_400_000',
        replace: 'const CLAIM_WINDOW_MS = 86_400_000_000_000',
      },
    ],
  },
  {
    name: 'old rows written again',
    does: 'the retention writes every old row again, whether or not it has a card',
    scenario: 'growth',
    figure: 'growth.purge',
    changes: [
      {
        file: 'migrations/0001_notifications.up.sql',
        find: 'WHERE card_payload IS NOT NULL\n     AND created_at <',
        replace: 'WHERE created_at <',
      },
    ],
  },
  {
    name: 'slow database within',
    does: 'each exchange with the embedded database takes 4 ms longer',
    scenario: 'embedded',
    figure: 'embedded.notifications',
    changes: [
      {
        file: 'src/store/unheld-pglite.ts',
        find: 'return super.execProtocolRawSync(message)',
        replace: `${busy(4)}return super.execProtocolRawSync(message)`,
      },
    ],
  },
  {
    name: 'budget not used up',
    does: 'a card that is sent takes nothing off the budget',
    scenario: 'replicas',
    figure: 'replicas.over_budget',
    changes: [
      { file: 'src/store/record-and-claim.ts', find: 'sql`- (SELECT count(*) FROM claimed)`', replace: 'sql`- 0`' },
      {
        file: 'src/delivery/step.ts',
        find: '...take(plan.state, done.claimed.length),',
        replace: '...take(plan.state, 0),',
      },
    ],
  },
]

/** One of them, or `all`. @throws UsageError that names those that there are */
export function breakagesNamed(name: string): readonly Breakage[] {
  const found = name === 'all' ? BREAKAGES : BREAKAGES.filter((breakage) => breakage.name === name)
  if (found.length === 0)
    throw new UsageError(`there is no breakage "${name}", but:\n${BREAKAGES.map(({ name }) => `  ${name}`).join('\n')}`)
  return found
}
