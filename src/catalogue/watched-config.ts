import { z } from 'zod'
import type { Problem } from '../kernel/errors.ts'
import { between, duration, oneOf, secondsOf, strict, text } from './config-parts.ts'
import { entries } from './config-readers.ts'
import { type SourceDefinition, TLS_MODES, WATCHED_KINDS } from './source-definitions.ts'

/** The shortest time between two looks, in seconds. */
const SHORTEST_INTERVAL = 5
/** Longest time of one look, in seconds: for the connection, and for the answer. */
const LONGEST_LOOK = 20
const INTERVAL = 30
const BLIND_AFTER = 60

const atLeast = (seconds: number, example: string) => {
  const error = `a duration of at least ${seconds} seconds, such as ${example}`
  return duration.refine((given) => given >= seconds, { error })
}

const COMMON = {
  interval: atLeast(SHORTEST_INTERVAL, '30s').default(INTERVAL),
  blind_after: atLeast(SHORTEST_INTERVAL, '60s').default(BLIND_AFTER),
  open_after: duration.default(30),
  close_after: duration.default(60),
}

const HOST = /^[A-Za-z0-9_.:-]{1,253}$/
const HOST_EXPECTED = 'a host name or an address, without port'
const bytes = between(0, Number.MAX_SAFE_INTEGER, true)

const SERVER = {
  host: z.string({ error: HOST_EXPECTED }).trim().regex(HOST, { error: HOST_EXPECTED }),
  tls: oneOf(TLS_MODES).default('verify'),
  ca_file: text(1_000).optional(),
}
const port = (byDefault: number) => between(1, 65_535, true).default(byDefault)

const postgresSchema = strict({
  kind: z.literal('postgres'),
  ...COMMON,
  ...SERVER,
  port: port(5432),
  database: text(63).default('postgres'),
  user: text(63),
  connections: between(0.01, 1, false).default(0.9),
  lag_bytes: bytes.default(256 * 2 ** 20),
  lag: duration.default(60),
  replicas: between(0, 100, true).default(0),
  slot_bytes: bytes.default(5 * 2 ** 30),
  transaction: duration.default(3_600),
  idle_in_transaction: duration.default(600),
})

const redisSchema = strict({
  kind: z.literal('redis'),
  ...COMMON,
  ...SERVER,
  port: port(6379),
  user: text(200).optional(),
  lag_bytes: bytes.default(16 * 2 ** 20),
  lag: duration.default(30),
  replicas: between(0, 100, true).default(0),
})

/** The schema of each kind of system that is watched. */
export const WATCHED_SCHEMAS = [postgresSchema, redisSchema] as const

type Watched = z.output<(typeof WATCHED_SCHEMAS)[number]>

/** The systems that are watched, of the section `sources` of a checked configuration, by name. */
export function watchedOf(
  sources: Readonly<Record<string, Watched | { readonly kind: string }>>,
): ReadonlyMap<string, SourceDefinition> {
  const found = new Map<string, SourceDefinition>()
  for (const [name, source] of Object.entries(sources))
    if (isWatched(source)) found.set(name, definitionOf(name, source))
  return found
}

/** Finds sources that would be reported as blind after one look that was lost. Values that the schema refuses are skipped. */
export function watchedProblems(input: unknown): Problem[] {
  return entries(input, 'sources').flatMap(([name, source]) => {
    if (!WATCHED_KINDS.some((kind) => kind === source.kind)) return []
    const secondsIn = (given: unknown, byDefault: number) =>
      given === undefined ? byDefault : typeof given === 'string' ? secondsOf(given) : undefined
    const interval = secondsIn(source.interval, INTERVAL)
    const blindAfter = secondsIn(source.blind_after, BLIND_AFTER)
    if (interval === undefined || blindAfter === undefined || blindAfter >= interval + LONGEST_LOOK) return []
    const expected = `at least ${interval + LONGEST_LOOK}s: the interval, and the longest time of a look`
    return [{ at: `sources.${name}.blind_after`, found: 'a time in which one look can be lost', expected }]
  })
}

function isWatched(source: { readonly kind: string }): source is Watched {
  return WATCHED_KINDS.some((kind) => kind === source.kind)
}

function definitionOf(name: string, source: Watched): SourceDefinition {
  const common = {
    name,
    intervalMs: source.interval * 1000,
    blindAfterMs: source.blind_after * 1000,
    openAfterMs: source.open_after * 1000,
    closeAfterMs: source.close_after * 1000,
    host: source.host,
    port: source.port,
    tls: source.tls,
    caFile: source.ca_file,
    lagBytes: source.lag_bytes,
    lagSeconds: source.lag,
    replicas: source.replicas,
  }
  if (source.kind === 'redis') return { ...common, kind: source.kind, user: source.user }
  return {
    ...common,
    kind: source.kind,
    database: source.database,
    user: source.user,
    connections: source.connections,
    slotBytes: source.slot_bytes,
    transactionSeconds: source.transaction,
    idleSeconds: source.idle_in_transaction,
  }
}
