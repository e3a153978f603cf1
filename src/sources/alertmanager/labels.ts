import { foldLabel, type LabelMatcher } from '../../catalogue/alertmanagers.ts'
import { PRIORITIES, type Priority, parsePriority, rankOf } from '../../catalogue/priority.ts'
import { matchesPattern } from '../../intake/silences/match.ts'
import type { Labels } from './webhook.ts'

/** Values of `severity` and `priority` that are in use, in lower case, besides the names of the priorities. */
const KNOWN_VALUES: Readonly<Record<Priority, readonly string[]>> = {
  CRITICAL: ['page', 'emergency', 'fatal', 'disaster', 'blocker', 'p0', 'p1', 'sev0', 'sev1'],
  HIGH: ['error', 'major', 'urgent', 'p2', 'sev2'],
  MEDIUM: ['warning', 'warn', 'average', 'moderate', 'normal', 'ticket', 'p3', 'sev3'],
  LOW: ['minor', 'p4', 'sev4'],
  INFO: ['informational', 'information', 'notice', 'none', 'debug', 'ok', 'p5', 'sev5'],
}

const BUILT_IN = new Map(
  PRIORITIES.flatMap((priority) => KNOWN_VALUES[priority].map((value): [string, Priority] => [value, priority])),
)

/** The priority of an alert by its label `priority`, else by `severity`; undefined for values that nobody has mapped. */
export function priorityOf(labels: Labels, configured: ReadonlyMap<string, Priority>): Priority | undefined {
  for (const name of ['priority', 'severity']) {
    const value = foldLabel(labels.get(name) ?? '')
    if (value === '') continue
    const priority = configured.get(value) ?? parsePriority(value) ?? BUILT_IN.get(value)
    if (priority !== undefined) return priority
  }
  return undefined
}

/** The most urgent of some priorities. */
export function mostUrgent(priorities: readonly Priority[]): Priority | undefined {
  return [...priorities].sort((a, b) => rankOf(a) - rankOf(b))[0]
}

/** Labels or annotations that all have, with the same value. */
export function commonOf(all: readonly Labels[]): Labels {
  const [first, ...others] = all
  return new Map([...(first ?? [])].filter(([name, value]) => others.every((labels) => labels.get(name) === value)))
}

/** True where labels meet a condition. An absent label is empty text, as it is for Prometheus. */
export function matchesLabels({ label, operator, value }: LabelMatcher, labels: Labels): boolean {
  return matchesPattern(value, labels.get(label) ?? '') === (operator === '=')
}

/** Labels as `name=value, name=value`. */
export function writeLabels(labels: Labels): string {
  return [...labels].map(([name, value]) => `${name}=${value}`).join(', ')
}
