import { z } from 'zod'
import type { Problem } from '../kernel/errors.ts'
import type { CeleryDefinition, RedisServer } from './celery-definition.ts'
import { between, duration, flag, oneOf, strict, text } from './config-parts.ts'
import { entries } from './config-readers.ts'
import { secretNameOf } from './source-definitions.ts'
import { COMMON, commonOf, SERVER, serverOf } from './watched-parts.ts'

const BROKERS = ['rabbitmq', 'redis'] as const
/** Queues are named in subjects of findings; RabbitMQ takes 255 bytes. */
const LONGEST_QUEUE = 200
const MOST_QUEUES = 100
const REDIS_PORT = 6379

const portNumber = between(1, 65_535, true)
const database = between(0, 1_000_000, true)
const keyPrefix = text(200)
const queues = z
  .array(text(LONGEST_QUEUE), { error: 'a list of queues' })
  .max(MOST_QUEUES, { error: `at most ${MOST_QUEUES} queues` })
  .transform((names) => [...new Set(names)])
  .default([])
const ARGUMENT = 'a list of names of keyword arguments, such as payer'
const TASKS = 'a list of names of tasks; a star at the end stands for any text, such as tasks.nphies.check_*'

const resultsSchema = strict({
  ...SERVER,
  port: portNumber.default(REDIS_PORT),
  user: text(200).optional(),
  database: database.default(0),
  key_prefix: keyPrefix.optional(),
})

/** The schema of Celery workers that are watched. */
export const celerySchema = strict({
  kind: z.literal('celery'),
  ...COMMON,
  ...SERVER,
  broker: oneOf(BROKERS),
  port: portNumber.optional(),
  user: text(200).optional(),
  vhost: text(255).optional(),
  database: database.optional(),
  key_prefix: keyPrefix.optional(),
  results: resultsSchema.optional(),
  event_exchange: text(LONGEST_QUEUE).default('celeryev'),
  queues,
  dead_letter_queues: queues,
  retries: flag.default(false),
  revoked: flag.default(true),
  harmless: z
    .array(z.string({ error: ARGUMENT }).regex(/^[A-Za-z_][A-Za-z0-9_]{0,60}$/, { error: ARGUMENT }), {
      error: ARGUMENT,
    })
    .max(20, { error: 'at most 20 names' })
    .default([]),
  retry_tasks: z
    .array(z.string({ error: TASKS }).regex(/^[^\s*]{1,200}\*?$/, { error: TASKS }), { error: TASKS })
    .max(500, { error: 'at most 500 names' })
    .default([]),
  worker_offline: duration
    .refine((seconds) => seconds >= 10, { error: 'a duration of at least 10 seconds, such as 30s' })
    .default(30),
  backlog: between(1, 1e9, true).default(1_000),
  backlog_per_minute: between(1, 1e9, true).default(500),
  backlog_age: duration.default(900),
  dead_letters: between(1, 1e9, true).default(50),
})

type CelerySource = z.output<typeof celerySchema>

/** Options of one broker that mean nothing at the other. */
const OTHERS = { rabbitmq: ['database', 'key_prefix'], redis: ['vhost', 'dead_letter_queues'] } as const

/** Finds options that do not belong to the broker, a user that RabbitMQ needs, and two sources with one secret. */
export function celeryProblems(input: unknown): Problem[] {
  const sources = entries(input, 'sources')
  return sources.flatMap(([name, source]) => {
    if (source.kind !== 'celery') return []
    const at = `sources.${name}`
    const broker = BROKERS.find((kind) => kind === source.broker)
    const others = broker === undefined ? [] : OTHERS[broker].filter((option) => source[option] !== undefined)
    const secret = secretNameOf(name, 'results')
    return [
      ...others.map((option) => ({
        at: `${at}.${option}`,
        found: 'an option of another broker',
        expected: `no ${option} with the broker ${source.broker}`,
      })),
      ...(broker === 'rabbitmq' && source.user === undefined
        ? [
            {
              at: `${at}.user`,
              found: 'nothing',
              expected: 'a user of RabbitMQ with the rights of docs/guides/celery.md',
            },
          ]
        : []),
      ...(source.results !== undefined && sources.some(([other]) => other === secret)
        ? [
            {
              at: `sources.${secret}`,
              found: `the name of the secret of ${at}.results`,
              expected: 'another name for one of them',
            },
          ]
        : []),
    ]
  })
}

/** The definition of a checked source. */
export function celeryDefinition(name: string, source: CelerySource): CeleryDefinition {
  return {
    ...commonOf(name, source),
    kind: 'celery',
    broker: brokerOf(source),
    results: source.results && redisOf(source.results),
    eventExchange: source.event_exchange,
    queues: source.queues,
    deadLetterQueues: source.dead_letter_queues,
    retries: source.retries,
    revoked: source.revoked,
    harmless: source.harmless,
    retryTasks: source.retry_tasks,
    workerOfflineMs: source.worker_offline * 1000,
    backlog: source.backlog,
    backlogPerMinute: source.backlog_per_minute,
    backlogSeconds: source.backlog_age,
    deadLetters: source.dead_letters,
  }
}

function brokerOf(source: CelerySource): CeleryDefinition['broker'] {
  if (source.broker === 'redis')
    return { kind: 'redis', ...redisOf({ ...source, port: source.port ?? REDIS_PORT, database: source.database ?? 0 }) }
  const { user = '', vhost = '/', port = source.tls === 'off' ? 5672 : 5671 } = source
  return { kind: 'rabbitmq', ...serverOf(source), port, user, vhost }
}

function redisOf(server: z.output<typeof resultsSchema>): RedisServer {
  const { port, user, database, key_prefix = '' } = server
  return { ...serverOf(server), port, user, database, keyPrefix: key_prefix }
}
