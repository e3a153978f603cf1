import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import { matchesPattern } from '../../intake/silences/match.ts'
import { isObject } from '../../kernel/json.ts'
import { SourceProblem } from '../source.ts'
import type { ManagementApi } from './api.ts'

/** A queue or a stream. Figures are undefined where the management plugin has no statistics of it, as of one on a node that is down. */
export interface Queue {
  /** Its virtual host, as in a URL, and its name: `%2F/claims`. */
  readonly subject: string
  readonly vhost: string
  readonly name: string
  /** `classic`, `quorum` or `stream`. */
  readonly type: string
  /** `running`, `down`, `minority` …; undefined where it is not known. */
  readonly state: string | undefined
  readonly durable: boolean
  /** True for one that goes with its connection or its last consumer. */
  readonly temporary: boolean
  /** Messages that wait for a consumer; of a stream, all that it keeps. */
  readonly ready: number | undefined
  /** These, and those that consumers have not acknowledged. */
  readonly messages: number | undefined
  readonly consumers: number | undefined
  /** Messages that consumers were given since the queue began; 0 where nobody was given any. */
  readonly delivered: number
  /** Time of its oldest message, which only some publishers set; in milliseconds since 1970, by the publisher's clock. */
  readonly headTimeMs: number | undefined
  /** Nodes that have a replica, and those of them that are up; undefined for a queue without replicas. */
  readonly replicas: { readonly members: number; readonly online: number } | undefined
}

/** The queues of a look. */
export interface QueueList {
  readonly queues: readonly Queue[]
  /** Queues that the user may see, whether they are watched or not. */
  readonly seen: number
  /** Virtual hosts of the configuration that the user may not see. */
  readonly hidden: readonly string[]
}

/** Queues that a look reads at most: each page costs RabbitMQ a sort of all. */
export const MOST_QUEUES = 10_000
/** RabbitMQ's limit. */
const PAGE_SIZE = 500
const COLUMNS =
  'name,vhost,type,state,durable,auto_delete,exclusive,messages,messages_ready,consumers,head_message_timestamp,message_stats.deliver_get,members,online'

/**
 * Reads the queues that a source watches, page by page.
 *
 * @throws SourceProblem `too_many` for more than {@link MOST_QUEUES}, after the first page
 */
export async function readQueues(api: ManagementApi, { vhosts, queues }: RabbitmqDefinition): Promise<QueueList> {
  const filter = queues === undefined ? '' : `&use_regex=true&name=${encodeURIComponent(regexOf(queues))}`
  const found = new Map<string, Queue>()
  const hidden: string[] = []
  let seen = 0
  for (const vhost of vhosts ?? [undefined]) {
    const path = vhost === undefined ? 'queues' : `queues/${encodeURIComponent(vhost)}`
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const read = await readPage(api, `${path}?page=${page}&page_size=${PAGE_SIZE}${filter}&columns=${COLUMNS}`)
      if (read === 'hidden') {
        hidden.push(vhost ?? '')
        break
      }
      if (found.size + read.count > MOST_QUEUES && page === 1) throw new SourceProblem('too_many')
      if (page === 1) seen += read.total
      // Pages move while queues come and go: one may be in two pages.
      for (const queue of read.queues) found.set(queue.subject, queue)
      pages = Math.min(read.pages, MOST_QUEUES / PAGE_SIZE)
    }
  }
  const watched = [...found.values()].filter(({ name }) => queues === undefined || matchesAny(queues, name))
  return { queues: watched, seen, hidden }
}

/**
 * The virtual hosts that the user may not see, of those that RabbitMQ lists for the tag `monitoring`: their queues are left out of the
 * other answers without a word. Tries some of them, and stops at the first.
 */
export async function hiddenVhosts(api: ManagementApi): Promise<readonly string[]> {
  const { body } = await api.get('vhosts?columns=name')
  if (!Array.isArray(body)) throw new SourceProblem('answer_unreadable')
  const names = body.flatMap((vhost: unknown) =>
    isObject(vhost) && typeof vhost.name === 'string' ? [vhost.name] : [],
  )
  for (const name of names.slice(0, MOST_TRIED)) {
    const read = await readPage(
      api,
      `queues/${encodeURIComponent(name.toWellFormed())}?page=1&page_size=1&columns=name,vhost`,
    )
    if (read === 'hidden') return [name]
  }
  return []
}

const MOST_TRIED = 50

interface Page {
  readonly queues: readonly Queue[]
  /** Queues that the user may see. */
  readonly total: number
  /** Queues of all pages. */
  readonly count: number
  readonly pages: number
}

async function readPage(api: ManagementApi, path: string): Promise<Page | 'hidden'> {
  try {
    const { status, body } = await api.get(path, [400])
    // The pages became fewer meanwhile.
    if (status === 400) return { queues: [], total: 0, count: 0, pages: 0 }
    if (!isObject(body) || !Array.isArray(body.items)) throw new SourceProblem('answer_unreadable')
    const { items, total_count: total, filtered_count: count, page_count: pages } = body
    if (typeof total !== 'number' || typeof count !== 'number' || typeof pages !== 'number')
      throw new SourceProblem('answer_unreadable')
    if (items.length > PAGE_SIZE) throw new SourceProblem('answer_too_large')
    return { queues: items.map(queueOf), total, count, pages }
  } catch (error) {
    if (error instanceof SourceProblem && error.code === 'rights_missing') return 'hidden'
    throw error
  }
}

function queueOf(item: unknown): Queue {
  if (!isObject(item) || typeof item.name !== 'string' || typeof item.vhost !== 'string')
    throw new SourceProblem('answer_unreadable')
  const { name, vhost, type, state, message_stats: stats, head_message_timestamp: head, members, online } = item
  const delivered = isObject(stats) ? numberOf(stats.deliver_get) : undefined
  const headSeconds = numberOf(head)
  return {
    subject: `${encoded(vhost, /[^\w.-]/gu)}/${encoded(name, /[\p{Cc}\u2028\u2029%]/gu)}`,
    vhost,
    name,
    type: typeof type === 'string' ? type : 'classic',
    state: typeof state === 'string' ? state : undefined,
    durable: item.durable === true,
    temporary: item.auto_delete === true || item.exclusive === true,
    ready: numberOf(item.messages_ready),
    messages: numberOf(item.messages),
    consumers: numberOf(item.consumers),
    delivered: delivered ?? 0,
    headTimeMs: headSeconds === undefined ? undefined : headSeconds * 1000,
    replicas:
      Array.isArray(members) && Array.isArray(online) ? { members: members.length, online: online.length } : undefined,
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** A name as part of a subject, which has one line and one slash between virtual host and queue. */
function encoded(name: string, characters: RegExp): string {
  return name.toWellFormed().replace(characters, encodeURIComponent)
}

/** True where a name matches one of the patterns, in any letter case. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  const folded = name.toLowerCase()
  return patterns.some((pattern) => matchesPattern(pattern.toLowerCase(), folded))
}

/** A queue in a sentence: with its virtual host, where that is not the default one. */
export function nameOf({ vhost, name }: Queue): string {
  return vhost === '/' ? name : `${name} (${vhost})`
}

/** The patterns as RabbitMQ's filter of names has them, which is in any letter case as well. */
function regexOf(patterns: readonly string[]): string {
  const each = patterns.map((pattern) =>
    pattern.replace(/[.^$|()[\]{}+?\\/#-]/g, String.raw`\$&`).replaceAll('*', '.*'),
  )
  return `^(?:${each.join('|')})$`
}
