import { z } from 'zod'
import type { Problem } from '../kernel/errors.ts'
import { celeryDefinition, celeryProblems, celerySchema } from './celery-config.ts'
import { between, duration, secondsOf, strict, text } from './config-parts.ts'
import { entries } from './config-readers.ts'
import { rabbitmqDefinition, rabbitmqSchema } from './rabbitmq-config.ts'
import { type SourceDefinition, WATCHED_KINDS } from './source-definitions.ts'
import { VAULT_INTERVAL, vaultDefinition, vaultSchema } from './vault-config.ts'
import {
  BLIND_AFTER,
  bytes,
  COMMON,
  commonOf,
  INTERVAL,
  LONGEST_LOOK,
  port,
  SERVER,
  serverOf,
} from './watched-parts.ts'

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
export const WATCHED_SCHEMAS = [postgresSchema, redisSchema, celerySchema, vaultSchema, rabbitmqSchema] as const

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

/** Finds options that contradict each other. Values that the schema refuses are skipped. */
export function watchedProblems(input: unknown): Problem[] {
  return [...blindProblems(input), ...celeryProblems(input)]
}

/** Finds sources that would be reported as blind after one look that was lost. */
function blindProblems(input: unknown): Problem[] {
  return entries(input, 'sources').flatMap(([name, source]) => {
    if (!WATCHED_KINDS.some((kind) => kind === source.kind)) return []
    const secondsIn = (given: unknown, byDefault: number) =>
      given === undefined ? byDefault : typeof given === 'string' ? secondsOf(given) : undefined
    const interval = secondsIn(source.interval, source.kind === 'vault' ? VAULT_INTERVAL : INTERVAL)
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
  if (source.kind === 'celery') return celeryDefinition(name, source)
  if (source.kind === 'vault') return vaultDefinition(name, source)
  if (source.kind === 'rabbitmq') return rabbitmqDefinition(name, source)
  const common = {
    ...commonOf(name, source),
    ...serverOf(source),
    port: source.port,
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
