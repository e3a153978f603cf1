import { keptId } from '../../kernel/ids.ts'
import type { FindingEvent } from '../finding-events.ts'
import { type Condition, type Finding, MORE, type OpenedFinding } from '../findings.ts'

/** Every finding of the source, each with the event type that reports it, and the one that resolves it. */
const FINDINGS = {
  node: ['rabbitmq.node.down', 'rabbitmq.node.recovered'],
  nodes: ['rabbitmq.node.down', 'rabbitmq.node.recovered'],
  alarm: ['rabbitmq.alarm.raised', 'rabbitmq.alarm.cleared'],
  partition: ['rabbitmq.cluster.partitioned', 'rabbitmq.cluster.recovered'],
  quorum: ['rabbitmq.quorum.critical', 'rabbitmq.cluster.recovered'],
  unavailable: ['rabbitmq.queue.unavailable', 'rabbitmq.queue.recovered'],
  unconsumed: ['rabbitmq.queue.unconsumed', 'rabbitmq.queue.recovered'],
  backlog: ['rabbitmq.queue.backlog', 'rabbitmq.queue.recovered'],
  dead_letters: ['rabbitmq.dlq.threshold', 'rabbitmq.dlq.recovered'],
  dead_letters_growing: ['rabbitmq.dlq.growing', 'rabbitmq.dlq.recovered'],
} as const

export type FindingName = keyof typeof FINDINGS
export type RabbitmqCondition = Condition<FindingEvent> & { readonly finding: FindingName }

/** Findings that are about queues. */
export const QUEUE_FINDINGS: ReadonlySet<string> = new Set<FindingName>([
  'quorum',
  'unavailable',
  'unconsumed',
  'backlog',
  'dead_letters',
  'dead_letters_growing',
])

/** Names that one event lists. */
const MOST_LISTED = 10
const LONGEST_SHOWN = 80

/** Makes a condition, whose event has the type of its finding. Its subject becomes one line of limited length. */
export function condition(finding: FindingName, subject: string, data: FindingEvent['data']): RabbitmqCondition {
  return { finding, subject: subjectOf(subject), says: { eventType: FINDINGS[finding][0], data } }
}

/** A name of an outside system as the subject of a finding. */
export function subjectOf(name: string): string {
  return keptId(oneLine(name))
}

function oneLine(name: string): string {
  return name.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

/** A name of an outside system as part of a sentence. */
export function shown(name: string): string {
  const line = oneLine(name)
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN).toWellFormed()}…` : line
}

/** Names as part of a sentence: some of them, and how many more there are. */
export function listed(names: readonly string[], more = 0): string {
  const first = names.slice(0, MOST_LISTED).map(shown).join(', ')
  const left = names.length - MOST_LISTED + more
  return left > 0 ? `${first} and ${left} more` : first
}

/** The event that resolves that of a finding; undefined for one that this version does not know. */
export function overOf({ finding, subject, group }: Finding): FindingEvent | undefined {
  if (!Object.hasOwn(FINDINGS, finding)) return undefined
  const of = subject === '' || subject === MORE || group !== undefined ? '' : ` ${shown(subject)}`
  return {
    eventType: FINDINGS[finding as FindingName][1],
    data: { summary: `${finding}${of}: within its limits again, or gone.` },
  }
}

/** What a number of conditions that are one event have in common. */
const TOGETHER: { readonly [F in FindingName]?: string } = {
  node: 'nodes are down',
  alarm: 'alarms are on',
  unconsumed: 'queues have no consumer',
  backlog: 'queues have a backlog',
  dead_letters: 'dead-letter queues are over their limit',
  dead_letters_growing: 'dead-letter queues grow',
}

/**
 * The event about conditions of a finding that open at once.
 *
 * @param among number of queues that the finding was looked for at, where it is about queues
 */
export function sumOf(finding: string, members: readonly OpenedFinding<FindingEvent>[], among?: number): FindingEvent {
  const named = members.filter((member) => member.finding.subject !== MORE)
  const unnamed = members.find((member) => member.finding.subject === MORE)?.says.data.value
  const count = named.length + (typeof unnamed === 'number' ? unnamed : 0)
  const what = TOGETHER[finding as FindingName] ?? finding
  const first = named.slice(0, MOST_LISTED).flatMap(({ says }) => says.data.summary ?? [])
  return {
    eventType: moreOf(finding, count).eventType,
    data: {
      summary: `${count}${among === undefined ? '' : ` of ${among}`} ${what}.`,
      value: count,
      ...(among === undefined ? {} : { unit: 'queues' }),
      alerts: first,
      ...(count > first.length ? { more_alerts: count - first.length } : {}),
    },
  }
}

/** The event about conditions beyond those that have events of their own. */
export function moreOf(finding: string, count: number): FindingEvent {
  const eventType = Object.hasOwn(FINDINGS, finding) ? FINDINGS[finding as FindingName][0] : 'rabbitmq.queue.backlog'
  return { eventType, data: { summary: `${finding}: ${count} more.`, value: count } }
}
