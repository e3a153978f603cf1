import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  AcceptedLine,
  AnswerLine,
  ClickerLine,
  ClickLine,
  PagerLine,
  PostLine,
  ReceiverLine,
  ScenarioFacts,
  SenderLine,
  TimelineLine,
  Verification,
} from '../history.ts'

/** A post with what was done with it. */
export interface Post extends PostLine {
  /** When it was answered, or the connection was gone; when the history ended where neither is known. */
  readonly answered: number
  readonly status: number | null
  readonly how: string
  readonly taken: boolean
  readonly delivered: boolean
}

/** A row of `teams_notifications`, as far as it is checked. */
export interface NotificationRow {
  readonly id: string
  readonly event_id: string
  readonly event_type: string
  readonly correlation_id: string
  readonly channel: string
  readonly priority_rank: number
  readonly state: string
  readonly reason: string | null
  readonly attempts: number
  readonly status_code: number | null
  readonly sent_at: string | null
  readonly created_at: string
  readonly digest_id?: string | null
  readonly silence_id?: string | null
  readonly repeat_of?: string | null
  readonly escalation_step?: number | null
  readonly acknowledged_at?: string | null
  readonly action_taken?: string | null
}

/** A row of `teams_actions`. */
export interface ActionRow {
  readonly id: string
  readonly action: string
  readonly state: string
  readonly code: string | null
  readonly event_id: string
  readonly event_ids: readonly string[]
  readonly actor_name: string | null
  readonly finished_at: string | null
}

/** A row of `teams_escalations`. */
export interface EscalationRow {
  readonly event_id: string
  readonly state: string
  readonly tier: number
  readonly next_at: string | null
}

/** An audit entry of an escalation. */
export interface EscalationEntry {
  readonly kind: string
  /** Number of the entry; in the order in which transactions that wait for each other wrote. */
  readonly id: number
  /** When its transaction began. */
  readonly written: string
  readonly event: string
  readonly tier: number
  readonly round: number
  readonly next_at: string | null
  readonly by_hand?: boolean
  readonly pagers?: readonly string[]
}

/** A row of what a pager is told about an event. */
export interface AlertRow {
  readonly id: string
  readonly event_id: string
  readonly state: string
  /** What PagerDuty is to know, and the last of it that it took. */
  readonly wanted: string
  readonly told: string | null
  readonly fingerprint: string | null
  readonly folded_into: string | null
}

/** A row of `teams_attempts`. */
export interface AttemptRow {
  readonly notification_id: string
  readonly attempt: number
  readonly started_at: string
  readonly finished_at: string
  readonly outcome: string
  readonly status_code: number | null
  readonly repeat: boolean
}

/** A row of `teams_events`. */
export interface EventRow {
  readonly id: string
  readonly correlation_id: string
  readonly origin: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A row of `teams_silences`. */
export interface SilenceRow {
  readonly id: string
  readonly kind: string
  readonly matchers: readonly { readonly field: string; readonly operator: string; readonly value: string }[]
  readonly starts_at: string
  readonly ends_at: string
}

/** An interruption that may leave it unknown whether a post in flight arrived. */
export interface Cut {
  readonly what: string
  readonly from: number
  readonly to: number
  /** The process whose posts it cuts; undefined for those of all. */
  readonly process: string | undefined
  /** The process ended with it, so that the outcome of its posts is unknown. */
  readonly ended: boolean
}

/** Milliseconds for which a dead process's last bytes may still be on their way through the kernel. */
export const AFTER_DEATH = 1_000

/** Whether a cut left open what came of a post. `recorded` is how long the gateway may take to record an answer. */
export function hit(cut: Cut, post: Post, recorded: number): boolean {
  // The URLs of some scenarios do not record who posted.
  if (cut.process !== undefined && post.via !== '' && cut.process !== post.via) return false
  const until = cut.process === undefined ? cut.to + recorded : cut.to + AFTER_DEATH
  return post.t <= until && cut.from <= post.answered + recorded
}

/** All that is known of a scenario. */
export interface History {
  readonly facts: ScenarioFacts
  readonly accepted: readonly AcceptedLine[]
  readonly refused: number
  readonly givenUp: number
  /** In the order in which they came. */
  readonly posts: readonly Post[]
  readonly postsOf: ReadonlyMap<string, readonly Post[]>
  readonly timeline: readonly TimelineLine[]
  readonly notifications: ReadonlyMap<string, NotificationRow>
  readonly events: ReadonlyMap<string, EventRow>
  /** By notification, in the order of their numbers. */
  readonly attemptsOf: ReadonlyMap<string, readonly AttemptRow[]>
  readonly silences: ReadonlyMap<string, SilenceRow>
  /** Answered clicks, and names of people whose last click was not answered. */
  readonly clicks: readonly ClickLine[]
  readonly unanswered: ReadonlySet<string>
  /** In the order in which they were finished. */
  readonly actions: readonly ActionRow[]
  readonly escalations: ReadonlyMap<string, EscalationRow>
  /** By event, in the order in which they were written. */
  readonly entriesOf: ReadonlyMap<string, readonly EscalationEntry[]>
  readonly alerts: ReadonlyMap<string, AlertRow>
  /** Requests to the pager, in the order in which they came. */
  readonly pagerRequests: readonly PagerLine[]
  readonly cuts: readonly Cut[]
  /** Notifications that were replayed by hand. */
  readonly replayed: ReadonlySet<string>
  /** Undefined for a history from before the audit trail. */
  readonly verification: Verification | undefined
}

/** Reads the history of a scenario from its folder. @throws where a part of it is missing or can not be read */
export function readHistory(folder: string): History {
  const facts = JSON.parse(readFileSync(join(folder, 'scenario.json'), 'utf8')) as ScenarioFacts
  const sender = readLines<SenderLine>(join(folder, 'sender.jsonl'))
  const timeline = readLines<TimelineLine>(join(folder, 'timeline.jsonl'))
  const posts = joinPosts(readLines<ReceiverLine>(join(folder, 'receiver.jsonl')))
  const rows = groupBy(readLines<{ table: string; row: unknown }>(join(folder, 'database.jsonl')), ({ table }) => table)
  const clicks = readOptional<ClickerLine>(join(folder, 'clicks.jsonl'))
  const tableOf = <T>(name: string) => (rows.get(name) ?? []).map(({ row }) => row as T)
  return {
    facts,
    accepted: sender.filter((line) => line.kind === 'accepted'),
    refused: sender.filter((line) => line.kind === 'refused').length,
    givenUp: sender.reduce((sum, line) => sum + (line.kind === 'given_up' ? line.keys.length : 0), 0),
    posts,
    postsOf: groupBy(posts, ({ id }) => id),
    timeline,
    notifications: new Map(tableOf<NotificationRow>('teams_notifications').map((row) => [row.id, row])),
    events: new Map(tableOf<EventRow>('teams_events').map((row) => [row.id, row])),
    attemptsOf: groupBy(
      tableOf<AttemptRow>('teams_attempts').sort((a, b) => a.attempt - b.attempt),
      (row) => row.notification_id,
    ),
    silences: new Map(tableOf<SilenceRow>('teams_silences').map((row) => [row.id, row])),
    clicks: clicks.filter((line) => line.kind === 'click'),
    unanswered: new Set(clicks.flatMap((line) => (line.kind === 'click_given_up' ? [line.by] : []))),
    // As times: as texts, one of a whole second, which has no fraction, comes after those of that second.
    actions: tableOf<ActionRow>('teams_actions').sort((a, b) => endOf(a) - endOf(b) || a.id.localeCompare(b.id)),
    escalations: new Map(tableOf<EscalationRow>('teams_escalations').map((row) => [row.event_id, row])),
    entriesOf: groupBy(
      tableOf<EscalationEntry>('escalation_entries').sort((a, b) => a.id - b.id),
      ({ event }) => event,
    ),
    alerts: new Map(tableOf<AlertRow>('teams_pager_alerts').map((row) => [row.id, row])),
    pagerRequests: readOptional<PagerLine>(join(folder, 'pager.jsonl')),
    cuts: cutsOf(timeline),
    verification: existsSync(join(folder, 'verification.json'))
      ? (JSON.parse(readFileSync(join(folder, 'verification.json'), 'utf8')) as Verification)
      : undefined,
    replayed: new Set(
      timeline.flatMap((line) =>
        line.kind === 'note' && line.note.startsWith('replayed ') ? [line.note.slice(9)] : [],
      ),
    ),
  }
}

/**
 * Whether the gateway's time-out ended before it had the answer to a post: because the answer came late, or because the
 * process was held up for so long, as its attempt row shows, that it did not get to reading it.
 */
export function timedOut({ facts, attemptsOf }: History, post: Post): boolean {
  if (post.answered - post.t >= facts.timeout_ms - 500) return true
  return (attemptsOf.get(post.id) ?? []).some(
    (row) =>
      row.attempt === post.attempt &&
      row.outcome === 'timed_out' &&
      Date.parse(row.finished_at) - Date.parse(row.started_at) >= facts.timeout_ms,
  )
}

export function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const group = groups.get(keyOf(one))
    if (group) group.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}

/** Lines of a file that only some scenarios write. */
function readOptional<T>(path: string): T[] {
  return existsSync(path) ? readLines<T>(path) : []
}

function readLines<T>(path: string): T[] {
  if (!existsSync(path)) throw new Error(`${path} is missing: the history is not whole.`)
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

function joinPosts(lines: readonly ReceiverLine[]): Post[] {
  const answers = new Map(lines.flatMap((line) => (line.kind === 'answer' ? [[line.n, line] as const] : [])))
  const end = lines.reduce((last, { t }) => Math.max(last, t), 0)
  return lines
    .flatMap((line) => (line.kind === 'post' ? [{ ...line, ...outcomeOf(answers.get(line.n), end) }] : []))
    .sort((a, b) => a.t - b.t || a.n - b.n)
}

function outcomeOf(answer: AnswerLine | undefined, end: number) {
  if (!answer) return { answered: end, status: null, how: 'unanswered', taken: false, delivered: false }
  const { t, status, how, taken, delivered } = answer
  return { answered: t, status, how, taken, delivered }
}

/** Kills cut the posts in flight of the killed process; faults with `cuts`, those of one process or of all. */
function cutsOf(timeline: readonly TimelineLine[]): Cut[] {
  const last = timeline.at(-1)?.t ?? 0
  return timeline.flatMap((line): Cut[] => {
    if (line.kind === 'signalled' && line.signal === 'SIGKILL')
      return [
        {
          what: `kill of ${line.process}`,
          from: line.t,
          to: exitOf(timeline, line.process) ?? last,
          process: line.process,
          ended: true,
        },
      ]
    if (line.kind === 'exited' && line.asked === null)
      return [{ what: `end of ${line.process}`, from: line.t, to: line.t, process: line.process, ended: true }]
    if (line.kind === 'fault' && line.cuts) {
      const mended = timeline.find((other) => other.kind === 'mended' && other.id === line.id)
      return [{ what: line.fault, from: line.t, to: mended?.t ?? last, process: line.process, ended: false }]
    }
    return []
  })
}

function exitOf(timeline: readonly TimelineLine[], process: string): number | undefined {
  return timeline.find((line) => line.kind === 'exited' && line.process === process)?.t
}

/** When an action ended; those that have not come last. */
function endOf({ finished_at }: ActionRow): number {
  return finished_at === null ? Number.POSITIVE_INFINITY : Date.parse(finished_at)
}
