import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkScenario } from '../check.ts'
import type {
  AcceptedLine,
  AnswerLine,
  ClickerLine,
  PagerLine,
  PostLine,
  ScenarioFacts,
  TimelineLine,
  Verification,
} from '../history.ts'
import { COMMON_PROMISES } from '../promises.ts'
import type { ScenarioResult } from '../summary.ts'

/** A small history, written by hand, that tests bend until a promise breaks. */
export interface MadeUp {
  facts: ScenarioFacts
  accepted: AcceptedLine[]
  posts: PostLine[]
  answers: AnswerLine[]
  timeline: TimelineLine[]
  notifications: Record<string, unknown>[]
  attempts: Record<string, unknown>[]
  events: Record<string, unknown>[]
  silences: Record<string, unknown>[]
  /** What people did, and what became of it. */
  clicks: ClickerLine[]
  pager: PagerLine[]
  actions: Record<string, unknown>[]
  escalations: Record<string, unknown>[]
  entries: Record<string, unknown>[]
  alerts: Record<string, unknown>[]
  verification: Verification
}

export const T0 = Date.parse('2026-11-21T10:00:00Z')
export const iso = (ms: number) => new Date(T0 + ms).toISOString()

/**
 * Three notifications of one channel: `critical` was accepted while the other two waited, and went before them; the process
 * g1-1 was killed while it had `repeated` in flight, which g2-1 then posted again, marked.
 */
export function madeUp(): MadeUp {
  const history: MadeUp = {
    facts: {
      name: 'made-up',
      seed: '1',
      form: 'short',
      promises: COMMON_PROMISES,
      store: 'postgres',
      replicas: 2,
      channels: ['sre'],
      budget: { requests: 60, period: 60, burst: 3 },
      clock_jumps: 0,
      timeout_ms: 2_500,
      slowness: 1,
      bounds: { recorded: 1_000, jitter: 1_000, claimed: 1_000, settled: 30_000, called: 10_000 },
      took: 60_000,
    },
    accepted: [],
    posts: [],
    answers: [],
    timeline: [
      { t: T0, kind: 'started', process: 'g1-1', pid: 1, version: 'x' },
      { t: T0, kind: 'started', process: 'g2-1', pid: 2, version: 'x' },
      { t: T0 + 4_050, kind: 'signalled', process: 'g1-1', signal: 'SIGKILL' },
      { t: T0 + 4_060, kind: 'exited', process: 'g1-1', code: null, signal: 'SIGKILL', asked: 'SIGKILL' },
      { t: T0 + 20_000, kind: 'calm' },
      { t: T0 + 40_000, kind: 'settled', waiting: 0 },
      { t: T0 + 41_000, kind: 'signalled', process: 'g2-1', signal: 'SIGTERM' },
      { t: T0 + 41_100, kind: 'exited', process: 'g2-1', code: 0, signal: null, asked: 'SIGTERM' },
    ],
    notifications: [],
    attempts: [],
    events: [],
    silences: [],
    clicks: [],
    pager: [],
    actions: [],
    escalations: [],
    entries: [],
    alerts: [],
    verification: { code: 0, printed: '', result: { intact: true, origins: [{ entries: 9 }], findings: [] } },
  }
  accept(history, 'repeated', 'INFO', 0)
  accept(history, 'ordinary', 'INFO', 10)
  accept(history, 'critical', 'CRITICAL', 5_000)
  attempt(history, 'repeated', { number: 1, at: 4_000, via: 'g1-1', outcome: 'interrupted', finished: 12_000 })
  attempt(history, 'repeated', { number: 2, at: 13_000, via: 'g2-1', repeat: true })
  attempt(history, 'critical', { number: 1, at: 12_500, via: 'g2-1' })
  attempt(history, 'ordinary', { number: 1, at: 14_000, via: 'g2-1' })
  return history
}

/** Adds an accepted event with one notification, which bears its name as id. */
export function accept(history: MadeUp, id: string, priority: string, at: number): void {
  history.accepted.push({
    kind: 'accepted',
    asked: T0 + at - 5,
    t: T0 + at,
    replica: 'g1-1',
    key: `key-${id}`,
    event_id: `event-${id}`,
    event_type: 'x.y',
    correlation_id: `c-${id}`,
    priority,
    notifications: [{ id, channel: 'sre', state: 'pending' }],
  })
  history.events.push({ id: `event-${id}`, correlation_id: `c-${id}`, origin: 'http:anonymous', data: {} })
  history.notifications.push({
    id,
    event_id: `event-${id}`,
    event_type: 'x.y',
    correlation_id: `c-${id}`,
    channel: 'sre',
    priority_rank: priority === 'CRITICAL' ? 0 : 4,
    state: 'accepted',
    reason: null,
    attempts: 1,
    status_code: 202,
    sent_at: iso(at + 100),
    created_at: iso(at - 2),
  })
}

/** Adds an attempt of a notification: its row, its post, and its answer. */
export function attempt(
  history: MadeUp,
  id: string,
  made: {
    readonly number: number
    readonly at: number
    readonly via: string
    readonly repeat?: boolean
    readonly outcome?: string
    readonly status?: number
    readonly finished?: number
  },
): void {
  const { number, at, via, repeat = false, outcome = 'accepted', status = 202, finished = at + 60 } = made
  const n = history.posts.length + 1
  history.posts.push({
    kind: 'post',
    n,
    t: T0 + at + 20,
    channel: 'sre',
    via,
    id,
    attempt: number,
    repeat,
    correlation_id: `c-${id}`,
    bytes: 2_000,
    whole: true,
  })
  history.answers.push({ kind: 'answer', n, t: T0 + at + 50, status, how: 'ok', taken: status < 300, delivered: true })
  history.attempts.push({
    notification_id: id,
    attempt: number,
    started_at: iso(at),
    finished_at: iso(finished),
    outcome,
    status_code: outcome === 'interrupted' ? null : status,
    repeat,
  })
}

/** Runs the checker over it. */
export function checkMadeUp(history: MadeUp): ScenarioResult {
  const folder = mkdtempSync(join(tmpdir(), 'claimlinc-made-up-'))
  const lines = (name: string, all: readonly object[]) =>
    writeFileSync(join(folder, name), all.map((line) => `${JSON.stringify(line)}\n`).join(''))
  try {
    writeFileSync(join(folder, 'scenario.json'), JSON.stringify(history.facts))
    writeFileSync(join(folder, 'verification.json'), JSON.stringify(history.verification))
    lines('sender.jsonl', history.accepted)
    lines('receiver.jsonl', [...history.posts, ...history.answers])
    lines('timeline.jsonl', history.timeline)
    lines('clicks.jsonl', history.clicks)
    lines('pager.jsonl', history.pager)
    const table = (name: string, rows: readonly object[]) => rows.map((row) => ({ table: name, row }))
    lines('database.jsonl', [
      ...table('teams_events', history.events),
      ...table('teams_notifications', history.notifications),
      ...table('teams_attempts', history.attempts),
      ...table('teams_silences', history.silences),
      ...table('teams_actions', history.actions),
      ...table('teams_escalations', history.escalations),
      ...table('escalation_entries', history.entries),
      ...table('teams_pager_alerts', history.alerts),
    ])
    return checkScenario(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
