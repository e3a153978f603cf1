import { z } from 'zod'
import { between, duration, listOf, strict, text } from './config-parts.ts'
import type { RabbitmqDefinition } from './rabbitmq-definition.ts'
import { COMMON, commonOf, SERVER, serverOf } from './watched-parts.ts'

const MOST_HOSTS = 10
const MOST_VHOSTS = 50
/** They are part of a request's first line, which RabbitMQ takes up to 8,000 bytes. */
const MOST_PATTERNS = 20
const LONGEST_PATTERN = 100
/** RabbitMQ takes names of 255 bytes. */
const LONGEST_NAME = 255
const PORT = { tls: 15_671, off: 15_672 }

const messages = between(1, Number.MAX_SAFE_INTEGER, true)

function several<V extends z.ZodType<string>>(item: V, most: number, what: string) {
  return listOf(item, `a list of ${what}`).max(most, { error: `at most ${most} ${what}` })
}
const patterns = several(text(LONGEST_PATTERN), MOST_PATTERNS, 'patterns, in which * is any text')

/** The schema of RabbitMQ clusters that are watched. */
export const rabbitmqSchema = strict({
  kind: z.literal('rabbitmq'),
  ...COMMON,
  ...SERVER,
  other_hosts: several(SERVER.host, MOST_HOSTS, 'host names or addresses').optional(),
  port: between(1, 65_535, true).optional(),
  user: text(LONGEST_NAME),
  nodes: between(0, 100, true).default(0),
  vhosts: several(text(LONGEST_NAME), MOST_VHOSTS, 'virtual hosts').optional(),
  queues: patterns.optional(),
  consumers: patterns.optional(),
  backlog: messages.default(10_000),
  age: duration.default(900),
  growth: duration.refine((seconds) => seconds >= 60, { error: 'a duration of at least 60s' }).default(600),
  growth_from: messages.default(1_000),
  dead_letter_queues: patterns.default(['*dlq*', '*dead*']),
  dead_letters: messages.default(100),
  dead_letter_growth: messages.default(10),
})

/** The definition of a RabbitMQ cluster in a checked configuration. */
export function rabbitmqDefinition(name: string, source: z.output<typeof rabbitmqSchema>): RabbitmqDefinition {
  const { host, ...server } = serverOf(source)
  return {
    ...commonOf(name, source),
    ...server,
    kind: source.kind,
    hosts: [...new Set([host, ...(source.other_hosts ?? [])])],
    port: source.port ?? (source.tls === 'off' ? PORT.off : PORT.tls),
    user: source.user,
    nodes: source.nodes,
    vhosts: source.vhosts && [...new Set(source.vhosts)],
    queues: source.queues,
    consumers: source.consumers,
    backlog: source.backlog,
    ageSeconds: source.age,
    growthSeconds: source.growth,
    growthFrom: source.growth_from,
    deadLetterQueues: source.dead_letter_queues,
    deadLetters: source.dead_letters,
    deadLetterGrowth: source.dead_letter_growth,
  }
}
