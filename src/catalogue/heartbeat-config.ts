import { z } from 'zod'
import { cronParser } from '../kernel/cron.ts'
import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { timeZoneProblem } from '../kernel/time-zone.ts'
import { DEFAULT_ALERTMANAGER } from './alertmanagers.ts'
import type { Catalogue } from './catalogue.ts'
import { duration, eventTypeName, flag, KEY, listOf, priority, strict, text } from './config-parts.ts'
import { entries, texts } from './config-readers.ts'
import { isSendable } from './event-types.ts'
import { HEARTBEAT_TYPES, type HeartbeatDefinition } from './heartbeats.ts'

/** Shortest interval and grace, in seconds: a gateway that starts again is away for less. */
const SHORTEST = 60
const GRACE = 300
const TIME_ZONE = 'Asia/Riyadh'
const CRON_EXPECTED = 'five fields of cron, such as 30 1 * * *, or @hourly, @daily, @weekly, @monthly'
const NICKNAMES: readonly string[] = ['@hourly', '@daily', '@weekly', '@monthly']
/** Cards whose fields every event of a heartbeat fills. */
const CARDS: readonly string[] = ['system_alert', 'compliance_notification']

const atLeastShortest = duration.refine((seconds) => seconds >= SHORTEST, {
  error: `a duration of at least ${SHORTEST}s, such as 5m or 1d12h`,
})

const cron = z
  .string({ error: CRON_EXPECTED })
  .trim()
  .max(100, { error: CRON_EXPECTED })
  .refine(isCron, { error: CRON_EXPECTED })

const timeZone = z
  .string({ error: 'a time zone name, for example Asia/Riyadh' })
  .refine((name) => timeZoneProblem(name) === undefined, { error: 'a time zone name, for example Asia/Riyadh' })

const webUrl = z
  .string({ error: 'a URL of http or https' })
  .max(2_000, { error: 'a URL of at most 2,000 characters' })
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''), { error: 'a URL of http or https' })

/** The schema of one heartbeat, with the schema of references to groups. */
export function heartbeatSchema<G extends z.ZodType<string, string>>(group: G) {
  return strict({
    every: atLeastShortest.optional(),
    cron: cron.optional(),
    time_zone: timeZone.optional(),
    grace: atLeastShortest.default(GRACE),
    longest: atLeastShortest.optional(),
    title: text(100).optional(),
    event_type: eventTypeName.optional(),
    priority: priority.optional(),
    stakeholders: listOf(group, 'a list of stakeholder groups')
      .transform((keys) => [...new Set(keys)])
      .optional(),
    runbook_url: webUrl.optional(),
    output: flag.default(true),
    alertmanager: z.string({ error: 'the name of a source' }).regex(KEY, { error: 'the name of a source' }).optional(),
    alert: text(200).optional(),
  })
}

type HeartbeatConfig = z.output<ReturnType<typeof heartbeatSchema>>

/**
 * The heartbeats of a checked configuration, by name.
 *
 * @param catalogue with the event types of the configuration
 * @param typeNamed the event type of a name, which may be an alias
 */
export function heartbeatsOf(
  heartbeats: Readonly<Record<string, HeartbeatConfig>>,
  { eventTypes }: Pick<Catalogue, 'eventTypes'>,
  typeNamed: (name: string) => string,
): ReadonlyMap<string, HeartbeatDefinition> {
  const endOf = (type: string) => [...eventTypes.values()].find(({ resolves }) => resolves.includes(type))?.name
  return new Map(
    Object.entries(heartbeats).map(([name, given]): [string, HeartbeatDefinition] => {
      const eventType = given.event_type === undefined ? undefined : typeNamed(given.event_type)
      return [
        name,
        {
          name,
          title: given.title ?? name,
          schedule:
            given.cron === undefined
              ? { everyMs: (given.every ?? 0) * 1_000 }
              : { cron: given.cron, timeZone: given.time_zone ?? TIME_ZONE },
          graceMs: given.grace * 1_000,
          longestMs: given.longest === undefined ? undefined : given.longest * 1_000,
          eventType,
          endType: (eventType && endOf(eventType)) ?? HEARTBEAT_TYPES.recovered,
          priority: given.priority,
          stakeholders: given.stakeholders,
          runbookUrl: given.runbook_url,
          output: given.output,
          alertmanager:
            given.alertmanager === undefined ? undefined : { source: given.alertmanager, alert: given.alert },
        },
      ]
    }),
  )
}

/** Finds heartbeats without a schedule, or with two; and references to sources and event types that can not serve. */
export function heartbeatProblems(input: unknown, builtIn: Catalogue): Problem[] {
  const alertmanagers = new Set([
    DEFAULT_ALERTMANAGER.name,
    ...entries(input, 'sources').flatMap(([name, { kind }]) => (kind === 'alertmanager' ? [name] : [])),
  ])
  return entries(input, 'heartbeats').flatMap(([name, given]): Problem[] => {
    const at = `heartbeats.${name}`
    const problems: Problem[] = []
    if ((given.every === undefined) === (given.cron === undefined))
      problems.push({
        at,
        found: given.every === undefined ? 'no schedule' : 'two schedules',
        expected: 'every, such as 1h, or cron, such as 30 1 * * *',
      })
    if (given.time_zone !== undefined && given.cron === undefined)
      problems.push({ at: `${at}.time_zone`, found: 'a time zone of an interval', expected: 'cron, or no time zone' })
    if (given.alert !== undefined && given.alertmanager === undefined)
      problems.push({ at: `${at}.alertmanager`, found: 'nothing', expected: 'the source of the alert' })
    if (typeof given.alertmanager === 'string' && !alertmanagers.has(given.alertmanager))
      problems.push({
        at: `${at}.alertmanager`,
        found: 'a name that no source of the kind alertmanager has',
        expected: `one of: ${[...alertmanagers].join(', ')}`,
      })
    if (typeof given.event_type === 'string')
      problems.push(
        ...typeProblems(given.event_type, input, builtIn).map((problem) => ({ at: `${at}.event_type`, ...problem })),
      )
    return problems
  })
}

function typeProblems(given: string, input: unknown, builtIn: Catalogue): Omit<Problem, 'at'>[] {
  const configured = new Map(entries(input, 'event_types'))
  const aliases = new Map(builtIn.aliases)
  for (const [name, type] of configured) for (const alias of texts(type.aliases)) aliases.set(alias, name)
  const type = aliases.get(given) ?? given
  const names = [...builtIn.eventTypes.keys(), ...configured.keys()].filter(isSendable)
  if (!names.includes(type)) {
    const near = nearestName(names, given)
    return [
      {
        found: 'a name that no event type has',
        expected: `an event type of docs/reference/events.md, or of this file${near ? `, perhaps ${near}` : ''}`,
      },
    ]
  }
  const own = configured.get(type)
  const base = builtIn.eventTypes.get(type)
  const resolvedBy = (resolves: readonly string[]) => resolves.some((other) => (aliases.get(other) ?? other) === type)
  const isResolved =
    [...builtIn.eventTypes].some(([name, { resolves }]) => !isGiven(configured, name) && resolvedBy(resolves)) ||
    [...configured.values()].some(({ resolves }) => resolvedBy(texts(resolves)))
  const card = typeof own?.card === 'string' ? own.card : base?.card
  const isRequired = Object.values(isObject(own?.data) ? own.data : {}).some(
    (field) => isObject(field) && field.required === true,
  )
  return [
    ...(isResolved
      ? []
      : [{ found: 'an event type that no other resolves', expected: 'one that another names in "resolves"' }]),
    ...(card !== undefined && CARDS.includes(card) && !isRequired
      ? []
      : [
          {
            found: 'an event type whose data a heartbeat does not have',
            expected: `one with the card ${CARDS.join(' or ')}, without required fields of your own`,
          },
        ]),
  ]
}

function isGiven(configured: ReadonlyMap<string, Readonly<Record<string, unknown>>>, name: string): boolean {
  return configured.get(name)?.resolves !== undefined
}

/** True for five fields, or a nickname, that name a time which comes. */
function isCron(written: string): boolean {
  if (!NICKNAMES.includes(written) && !/^[\dA-Za-z*,/#?-]+(\s+[\dA-Za-z*,/#?-]+){4}$/.test(written)) return false
  // H stands for a number that the parser makes up.
  if (/(^|[\s,])H/i.test(written)) return false
  try {
    return cronParser().parse(written).hasNext()
  } catch {
    return false
  }
}
