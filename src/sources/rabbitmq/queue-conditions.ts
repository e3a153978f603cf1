import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import { condition, type RabbitmqCondition, shown } from './findings.ts'
import { matchesAny, nameOf, type Queue } from './queues.ts'
import type { Trend } from './trends.ts'

/** What is wrong with queues. */
export interface QueueConditions {
  readonly conditions: readonly RabbitmqCondition[]
  /** Subjects of the queues without statistics, about which nothing is known. */
  readonly unknown: ReadonlySet<string>
  /** Number of queues that each finding was looked for at. */
  readonly watched: ReadonlyMap<string, number>
  /** Messages in dead-letter queues, by subject. */
  readonly deadLetters: ReadonlyMap<string, number>
}

/**
 * What is wrong with the queues of a look, by the limits of their source. Temporary queues are left out, except where a pattern of
 * `consumers` names them. A stream keeps its messages when they are read, so its length says nothing about a backlog.
 */
export function queueConditions(
  queues: readonly Queue[],
  trends: ReadonlyMap<string, Trend>,
  definition: RabbitmqDefinition,
  nowMs: number,
): QueueConditions {
  const isDeadLetter = (queue: Queue) => matchesAny(definition.deadLetterQueues, queue.name)
  const lasting = queues.filter((queue) => !queue.temporary)
  const dead = lasting.filter(isDeadLetter)
  const working = lasting.filter((queue) => queue.type !== 'stream' && !isDeadLetter(queue))
  const { consumers } = definition
  const consumed = consumers
    ? queues.filter(({ name }) => matchesAny(consumers, name))
    : working.filter((queue) => queue.durable)
  const trendOf = ({ subject }: Queue) => trends.get(subject)
  return {
    conditions: [
      ...consumed.flatMap((queue) => unconsumed(queue, consumers === undefined)),
      ...working.flatMap((queue) => backlog(queue, trendOf(queue), definition, nowMs)),
      ...dead.flatMap((queue) => deadLetters(queue, trendOf(queue), definition)),
    ],
    unknown: new Set(
      queues.filter(({ ready, consumers }) => ready === undefined || consumers === undefined).map((q) => q.subject),
    ),
    deadLetters: new Map(
      dead.flatMap(({ subject, messages }) => (messages === undefined ? [] : [[subject, messages]])),
    ),
    watched: new Map([
      ['unconsumed', consumed.length],
      ['backlog', working.length],
      ['dead_letters', dead.length],
      ['dead_letters_growing', dead.length],
    ]),
  }
}

const labelsOf = ({ vhost, name, type }: Queue) => ({ vhost: shown(vhost), queue: shown(name), type: shown(type) })

function unconsumed(queue: Queue, onlyWaiting: boolean): RabbitmqCondition[] {
  const { subject, consumers, ready } = queue
  if (consumers === undefined || consumers > 0) return []
  if (onlyWaiting && (ready === undefined || ready === 0)) return []
  const waiting = ready === undefined || queue.type === 'stream' ? '' : ` ${ready} messages wait.`
  return [
    condition('unconsumed', subject, {
      summary: `${shown(nameOf(queue))} has no consumer.${waiting}`,
      value: 0,
      threshold: 1,
      unit: 'consumers',
      labels: { ...labelsOf(queue), ...(ready === undefined ? {} : { messages: ready }) },
    }),
  ]
}

function backlog(
  queue: Queue,
  trend: Trend | undefined,
  { backlog: most, ageSeconds, growthFrom }: RabbitmqDefinition,
  nowMs: number,
): RabbitmqCondition[] {
  const { subject, ready, consumers } = queue
  if (ready === undefined || ready === 0) return []
  const waited = waitedSeconds(queue, trend, nowMs)
  const isLong = ready >= most
  const isOld = waited >= ageSeconds
  const isGrowing = trend?.growing === true && ready >= growthFrom
  if (!isLong && !isOld && !isGrowing) return []
  const age = isOld ? ` The oldest has waited for ${duration(waited)} or longer.` : ''
  return [
    condition('backlog', subject, {
      summary: `${ready} messages wait in ${shown(nameOf(queue))}.${age}${outlook(trend?.rate, ready)}`,
      ...(isLong || !isOld
        ? { value: ready, threshold: isLong ? most : growthFrom, unit: 'messages' }
        : { value: waited, threshold: ageSeconds, unit: 's' }),
      labels: { ...labelsOf(queue), ...(consumers === undefined ? {} : { consumers }) },
    }),
  ]
}

/** Longest time that a time of a publisher's clock is believed. */
const LONGEST_WAIT_SECONDS = 366 * 86_400

/** For how long the oldest message has waited at least: by its own time, or since none was given to a consumer. */
function waitedSeconds({ headTimeMs }: Queue, trend: Trend | undefined, nowMs: number): number {
  const byHead = headTimeMs === undefined ? 0 : (nowMs - headTimeMs) / 1000
  const believed = byHead > 0 && byHead <= LONGEST_WAIT_SECONDS ? byHead : 0
  return Math.floor(Math.max(believed, (trend?.idleMs ?? 0) / 1000))
}

/** Where the length goes at the present rate; empty where that is not known, or it does not change. */
function outlook(rate: number | undefined, ready: number): string {
  if (rate === undefined || Math.abs(rate) < 1 / 60) return ''
  if (rate > 0) return ` It grows by ${perTime(rate)}.`
  return ` At the present rate it is empty in ${duration(Math.ceil(ready / -rate))}.`
}

function perTime(rate: number): string {
  return rate >= 1 ? `${Math.round(rate)} a second` : `${Math.round(rate * 60)} a minute`
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

function deadLetters(
  queue: Queue,
  trend: Trend | undefined,
  { deadLetters: most, deadLetterGrowth }: RabbitmqDefinition,
): RabbitmqCondition[] {
  const { subject, messages } = queue
  if (messages === undefined || messages === 0) return []
  const name = shown(nameOf(queue))
  const grown = trend?.grown ?? 0
  return [
    ...(messages >= most
      ? [
          condition('dead_letters', subject, {
            summary: `${messages} messages lie in ${name}.`,
            value: messages,
            threshold: most,
            unit: 'messages',
            labels: labelsOf(queue),
          }),
        ]
      : []),
    ...(grown >= deadLetterGrowth
      ? [
          condition('dead_letters_growing', subject, {
            summary: `${grown} messages came into ${name}; now ${messages} lie there.`,
            value: grown,
            threshold: deadLetterGrowth,
            unit: 'messages',
            labels: { ...labelsOf(queue), messages },
          }),
        ]
      : []),
  ]
}
