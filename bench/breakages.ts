import type { Breakage } from '../breakages/breakage.ts'
import type { ScenarioName } from './options.ts'

/** A breakage that makes a target missed. */
export interface BenchBreakage extends Breakage {
  /** What the broken gateway does, in a few words. */
  readonly does: string
  readonly scenario: ScenarioName
  /** The figure whose target is missed with the breakage, and met without. */
  readonly figure: string
}

/** JavaScript that keeps the thread busy for `ms` milliseconds. */
const busy = (ms: number) => `{ const until = performance.now() + ${ms}; while (performance.now() < until); } `

const NO_DIGESTS = { file: 'src/delivery/storm.ts', find: 'waiting.all <= cards', replace: 'waiting.all >= 0' }

/** Slips that a person could make, and where none comes to mind, plain slowness. */
export const BREAKAGES: readonly BenchBreakage[] = [
  {
    name: 'first of a request lost',
    does: 'the first notification of each request is answered for, and not written',
    scenario: 'throughput',
    figure: 'throughput.lost',
    changes: [
      {
        file: 'src/store/insert-events.ts',
        find: 'rows.notifications.map(',
        replace: 'rows.notifications.slice(1).map(',
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
        find: 'void run(one)',
        replace: '{ void make(one); void run(one) }',
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
        find: 'const card = ',
        replace: `${busy(3)}const card = `,
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
        find: 'if (problems.length',
        replace: 'const kept: Buffer[] = []; if (problems.length',
      },
      {
        file: 'src/cards/renderer.ts',
        find: 'const card = ',
        replace: 'kept.push(Buffer.alloc(40_000, 1)); const card = ',
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
        find: 'const accepted =',
        replace: 'await new Promise((resolve) => setTimeout(resolve, 60)); const accepted =',
      },
    ],
  },
  {
    name: 'no wake-up',
    does: 'an accepted event wakes no drain; the sweep finds it',
    scenario: 'latency',
    figure: 'latency.p99',
    changes: [
      {
        file: 'src/delivery/engine.ts',
        find: 'jobs.length > 0',
        replace: 'jobs.length > 1_000',
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
      NO_DIGESTS,
      {
        file: 'src/delivery/step.ts',
        find: 'planTurn(known,',
        replace: 'planTurn({ ...known, tokens: after.tokens + 1 },',
      },
    ],
  },
  {
    name: 'urgent waits with the rest',
    does: 'CRITICAL and HIGH wait for the digest, as the rest does',
    scenario: 'storm',
    figure: 'storm.critical_p99',
    changes: [
      { file: 'src/store/claim.ts', find: 'n.priority_rank <= 1', replace: 'n.priority_rank <= -1' },
      {
        file: 'src/store/claim.ts',
        find: 'n.priority_rank >= 2',
        replace: 'n.priority_rank >= 0',
      },
    ],
  },
  {
    name: 'no digests',
    does: 'a storm makes no digests',
    scenario: 'storm',
    figure: 'storm.represented_after',
    changes: [NO_DIGESTS],
  },
  {
    name: 'digests never sent',
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
        find: 'CLAIM_WINDOW_MS = 86_400_000',
        replace: 'CLAIM_WINDOW_MS = 86_400_000_000_000',
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
        find: 'card_payload IS NOT NULL\n     AND ',
        replace: '',
      },
    ],
  },
  {
    name: 'slow embedded database',
    does: 'each exchange with the embedded database takes 4 ms longer',
    scenario: 'embedded',
    figure: 'embedded.notifications',
    changes: [
      {
        file: 'src/store/unheld-pglite.ts',
        find: 'return super.execProtocolRawSync',
        replace: `${busy(4)}return super.execProtocolRawSync`,
      },
    ],
  },
  {
    name: 'budget not used up',
    does: 'a card that is sent takes nothing off the budget',
    scenario: 'replicas',
    figure: 'replicas.over_budget',
    changes: [
      { file: 'src/store/record-and-claim.ts', find: '- (SELECT count(*) FROM claimed)', replace: '- 0' },
      {
        file: 'src/delivery/step.ts',
        find: 'take(plan.state, done.claimed.length)',
        replace: 'take(plan.state, 0)',
      },
    ],
  },
  {
    name: 'slow verification',
    does: 'a batch of a thousand leaves takes 100 ms longer to verify',
    scenario: 'audit',
    figure: 'audit.verified',
    changes: [
      {
        file: 'src/audit/verify/tree-pass.ts',
        find: 'onLeaves(leaves.count)',
        replace: `${busy(100)}onLeaves(leaves.count)`,
      },
    ],
  },
  {
    name: 'leaves kept in memory',
    does: '4 MB are kept for each batch of leaves that was verified',
    scenario: 'audit',
    figure: 'audit.verify_memory',
    changes: [
      {
        file: 'src/audit/verify/tree-pass.ts',
        find: 'let from = start',
        replace: 'const kept: Buffer[] = []; let from = start',
      },
      {
        file: 'src/audit/verify/tree-pass.ts',
        find: 'onLeaves(leaves.count)',
        replace: 'kept.push(Buffer.alloc(4_000_000, 1)); onLeaves(leaves.count)',
      },
    ],
  },
  ...(['audit.ratio', 'audit.p50_added'] as const).map((figure) => ({
    name: `slow entries (${figure})`,
    does: 'each audit entry takes 5 ms longer to write',
    scenario: 'audit' as const,
    figure,
    changes: [
      {
        file: 'migrations/0005_audit.up.sql',
        find: "SELECT convert_to('{",
        replace: "SELECT convert_to(pg_sleep(0.005)::text || '{",
      },
    ],
  })),
  {
    name: 'one card less in each tick',
    does: 'the first tier of each tick gets no card',
    scenario: 'escalation',
    figure: 'escalation.lost',
    changes: [
      { file: 'src/store/change-escalations.ts', find: 'called.flatMap(', replace: 'called.slice(1).flatMap(' },
    ],
  },
  {
    name: 'tiers called twice',
    does: 'a tier writes two cards for each of its channels',
    scenario: 'escalation',
    figure: 'escalation.called_twice',
    changes: [
      {
        file: 'src/escalation/call-tiers.ts',
        find: 'notificationsFor(channels,',
        replace: 'notificationsFor([...channels, ...channels],',
      },
    ],
  },
  {
    name: 'tiers without an entry',
    does: 'the third tier of an event has no audit entry',
    scenario: 'escalation',
    figure: 'escalation.without_entry',
    changes: [
      {
        file: 'src/store/change-escalations.ts',
        find: 'values: {\n          ...ESCALATION_VALUES,',
        replace: 'from: sql`changed z WHERE z.tier <> 3`,\n        values: {\n          ...ESCALATION_VALUES,',
      },
    ],
  },
  ...['', 'embedded_'].flatMap((prefix) => [
    {
      name: `one large tick (escalation.${prefix}longest_tick)`,
      does: 'a tick calls every tier that is due',
      scenario: 'escalation' as const,
      figure: `escalation.${prefix}longest_tick`,
      changes: [{ file: 'src/escalation/tick.ts', find: 'BATCH_SIZE = 200', replace: 'BATCH_SIZE = 20_000' }],
    },
    {
      name: `one tick every two seconds (escalation.${prefix}latest)`,
      does: 'a look for due tiers ends after its first 200',
      scenario: 'escalation' as const,
      figure: `escalation.${prefix}latest`,
      changes: [{ file: 'src/escalation/loop.ts', find: 'return done.due', replace: 'return 0' }],
    },
    {
      name: `CRITICAL waits behind tiers (escalation.${prefix}critical_p99)`,
      does: 'due notifications are claimed by age alone',
      scenario: 'escalation' as const,
      figure: `escalation.${prefix}critical_p99`,
      changes: [{ file: 'src/store/claim.ts', find: 'n.priority_rank, ', replace: '' }],
    },
  ]),
  ...(['pagers.most_in_a_minute', 'pagers.throttled'] as const).map((figure) => ({
    name: `no end to a pager's budget (${figure})`,
    does: "a request takes nothing off the pager's budget",
    scenario: 'pagers' as const,
    figure,
    changes: [{ file: 'src/store/claim-pager-alerts.ts', find: 'free - claimed.length', replace: 'free' }],
  })),
  {
    name: 'slow looks for alerts',
    does: 'alerts are looked for every 20 s',
    scenario: 'pagers',
    figure: 'pagers.pace',
    changes: [{ file: 'src/pagers/sender.ts', find: 'LOOK_MS = 2_000', replace: 'LOOK_MS = 20_000' }],
  },
]
