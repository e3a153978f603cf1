import { z } from 'zod'
import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { isLoopback } from '../kernel/loopback.ts'
import type { Catalogue } from './catalogue.ts'
import { between, oneOf, strict, text } from './config-parts.ts'
import { entries, texts } from './config-readers.ts'
import { PAGER_KINDS, type PagerDefinition, type PagerKind } from './pagers.ts'

/** PagerDuty takes 120 calls in any minute and key: `burst` and a minute's refill are 120. Opsgenie publishes no number. */
const DEFAULTS: { readonly [K in PagerKind]: Pick<PagerDefinition, 'url' | 'perMinute' | 'burst'> } = {
  pagerduty: { url: 'https://events.pagerduty.com', perMinute: 100, burst: 20 },
  opsgenie: { url: 'https://api.atlassian.com/jsm/ops/integration', perMinute: 50, burst: 10 },
}

const RESPONDER_TYPES = ['team', 'user', 'escalation', 'schedule'] as const
const URL_EXPECTED = 'an https address without user, query and "#", such as https://events.eu.pagerduty.com'

/** The schema of one pager. */
export const pagerSchema = strict({
  kind: oneOf(PAGER_KINDS),
  url: z
    .string({ error: URL_EXPECTED })
    .trim()
    .refine(isApiAddress, { error: URL_EXPECTED })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  per_minute: between(1, 10_000, true).optional(),
  burst: between(1, 10_000, true).optional(),
  fields: z.array(text(61), { error: 'a list of data fields' }).max(40, { error: 'at most 40 fields' }).default([]),
  responders: z
    .array(
      strict({
        type: oneOf(RESPONDER_TYPES),
        id: text(100).optional(),
        name: text(100).optional(),
        username: text(100).optional(),
      }),
      { error: 'a list of responders' },
    )
    .max(50, { error: 'at most 50 responders' })
    .default([]),
  tags: z.array(text(50), { error: 'a list of tags' }).max(20, { error: 'at most 20 tags' }).default([]),
})

function isApiAddress(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || text.includes('#'))
    return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** The pagers of a checked configuration, by name. */
export function pagersOf(
  config: Readonly<Record<string, z.output<typeof pagerSchema>>>,
): ReadonlyMap<string, PagerDefinition> {
  return new Map(
    Object.entries(config).map(([name, { kind, url, per_minute: perMinute, burst, fields, responders, tags }]) => [
      name,
      {
        name,
        kind,
        url: url ?? DEFAULTS[kind].url,
        perMinute: perMinute ?? DEFAULTS[kind].perMinute,
        burst: burst ?? DEFAULTS[kind].burst,
        fields,
        responders,
        tags,
      },
    ]),
  )
}

/** PagerDuty's limit for one key. */
const PAGERDUTY_PER_MINUTE = 120

/** Finds what contradicts the kind of a pager, and data fields that no event type has or that are patient data. */
export function pagerProblems(input: unknown, builtIn: Catalogue): Problem[] {
  const known = knownFields(input, builtIn)
  return entries(input, 'pagers').flatMap(([name, pager]) => {
    const at = `pagers.${name}`
    const problems: Problem[] = []
    if (name.endsWith('_webhook'))
      problems.push({
        at,
        found: 'a name with _webhook at its end',
        expected: 'another name: <name>_webhook is the field of a secret',
      })
    if (pager.kind === 'pagerduty')
      for (const key of ['responders', 'tags'])
        if (pager[key] !== undefined)
          problems.push({
            at: `${at}.${key}`,
            found: 'a value, for PagerDuty',
            expected: 'nothing: PagerDuty has none',
          })
    if (pager.kind === 'pagerduty' && typeof pager.per_minute === 'number' && typeof pager.burst === 'number')
      if (pager.per_minute + pager.burst > PAGERDUTY_PER_MINUTE && pager.per_minute < 1_000)
        problems.push({
          at: `${at}.per_minute`,
          found: `${pager.per_minute} and a burst of ${pager.burst}, which are ${pager.per_minute + pager.burst} calls in a minute`,
          expected: `at most ${PAGERDUTY_PER_MINUTE} together, what PagerDuty takes from one key; 1000 and more for an account with AIOps`,
        })
    for (const [index, responder] of (Array.isArray(pager.responders) ? pager.responders : []).entries())
      if (isObject(responder) && [responder.id, responder.name, responder.username].filter(isText).length !== 1)
        problems.push({
          at: `${at}.responders[${index}]`,
          found: 'none of them, or several',
          expected: 'one of id, name and username',
        })
    for (const [index, field] of texts(pager.fields).entries())
      if (field !== '' && known.get(field.trim()) !== 'plain')
        problems.push({
          at: `${at}.fields[${index}]`,
          found: known.has(field.trim()) ? 'a field with patient data' : 'a field that no event type has',
          expected: 'a data field of an event type that is no patient data',
        })
    return problems
  })
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''

/** Every data field of any event type. One that is patient data in one type is so in all. */
function knownFields(input: unknown, builtIn: Catalogue): ReadonlyMap<string, 'plain' | 'patient'> {
  const known = new Map<string, 'plain' | 'patient'>()
  const add = (field: string, isPatient: boolean) => {
    if (known.get(field) !== 'patient') known.set(field, isPatient ? 'patient' : 'plain')
  }
  for (const { schema, phiFields } of builtIn.eventTypes.values())
    for (const field of Object.keys(schema.shape)) add(field, phiFields.has(field))
  for (const [, type] of entries(input, 'event_types'))
    for (const [field, entry] of Object.entries(isObject(type.data) ? type.data : {}))
      add(field, isObject(entry) && entry.phi === true)
  return known
}
