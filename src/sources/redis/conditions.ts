import type { RedisDefinition } from '../../catalogue/source-definitions.ts'
import type { FindingEvent } from '../finding-events.ts'
import { type Condition, type Finding, MORE } from '../findings.ts'

/** Every finding of the source, each with the event type that resolves its events. */
const FINDINGS = {
  lag: 'redis.replica.recovered',
  replicas: 'redis.replica.recovered',
  link: 'redis.replica.recovered',
  persistence: 'redis.persistence.recovered',
} as const

type FindingName = keyof typeof FINDINGS
type RedisCondition = Condition<FindingEvent> & { readonly finding: FindingName }
type Info = ReadonlyMap<string, string>

/** What is wrong with a server, by the limits of its source. */
export function conditionsOf(info: Info, definition: RedisDefinition): readonly RedisCondition[] {
  const replication = info.get('role') === 'master' ? ofPrimary(info, definition) : ofReplica(info, definition)
  return [...replication, ...persistence(info)]
}

/** A replica as its primary has it. */
interface Replica {
  readonly name: string
  readonly online: boolean
  readonly bytes: number
  /** Seconds since its last acknowledgement: a replica that hangs stays online. */
  readonly seconds: number
}

/** Replicas of a primary. Its own offset and theirs count under the same `master_replid`. */
export function replicasOf(info: Info): readonly Replica[] {
  const end = Number(info.get('master_repl_offset'))
  return [...info].flatMap(([key, value]): readonly Replica[] => {
    if (!/^slave\d+$/.test(key)) return []
    const fields = new Map(value.split(',').map((field) => field.split('=', 2) as [string, string]))
    return [
      {
        name: `${fields.get('ip')}:${fields.get('port')}`,
        online: fields.get('state') === 'online',
        bytes: Math.max(0, finite(end - Number(fields.get('offset')))),
        seconds: finite(Number(fields.get('lag'))),
      },
    ]
  })
}

/** A figure that is none, or beyond all numbers, says nothing. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}

/**
 * True for the lag of a replica that its primary does not list as online any more: it may have failed, or copies everything anew, and has
 * caught up only if it is back.
 */
export function absentOf(info: Info): (finding: Finding) => boolean {
  const isPrimary = info.get('role') === 'master'
  const online = new Set(replicasOf(info).flatMap((replica) => (replica.online ? [replica.name] : [])))
  return ({ finding, subject }) =>
    finding === 'lag' && isPrimary && subject !== '' && subject !== MORE && !online.has(subject)
}

function ofPrimary(info: Info, { lagBytes, lagSeconds, replicas: wanted }: RedisDefinition): RedisCondition[] {
  const replicas = replicasOf(info)
  const online = replicas.filter((replica) => replica.online)
  const summary = `${online.length} of ${wanted} replicas are connected.`
  const tooFew: RedisCondition = {
    finding: 'replicas',
    subject: '',
    says: {
      eventType: 'redis.replica.missing',
      data: { summary, value: online.length, threshold: wanted, unit: 'replicas' },
    },
  }
  return [
    ...(online.length < wanted ? [tooFew] : []),
    ...online
      .filter(({ bytes, seconds }) => bytes >= lagBytes || seconds >= lagSeconds)
      .map(({ name, bytes, seconds }): RedisCondition => {
        const byBytes = bytes >= lagBytes
        return {
          finding: 'lag',
          subject: name,
          says: {
            eventType: 'redis.replica.lagging',
            data: {
              summary: `${name} is behind by ${bytes} bytes, and was heard of ${seconds} s ago.`,
              node: name,
              lag_seconds: seconds,
              value: byBytes ? bytes : seconds,
              threshold: byBytes ? lagBytes : lagSeconds,
              unit: byBytes ? 'bytes' : 's',
            },
          },
        }
      }),
  ]
}

function ofReplica(info: Info, { lagSeconds }: RedisDefinition): RedisCondition[] {
  const says = (eventType: 'redis.replica.missing' | 'redis.replica.lagging', summary: string, value: number) => ({
    eventType,
    data: { summary, value, threshold: lagSeconds, unit: 's' },
  })
  if (info.get('master_link_status') !== 'up') {
    const seconds = Math.max(0, finite(Number(info.get('master_link_down_since_seconds'))))
    const summary = `The link to the primary is down, for ${seconds} s.`
    return [{ finding: 'link', subject: '', says: says('redis.replica.missing', summary, seconds) }]
  }
  const seconds = finite(Number(info.get('master_last_io_seconds_ago')))
  if (seconds < lagSeconds) return []
  const summary = `The primary was heard of ${seconds} s ago.`
  return [{ finding: 'lag', subject: '', says: says('redis.replica.lagging', summary, seconds) }]
}

const SAVES = ['rdb_last_bgsave_status', 'aof_last_bgrewrite_status', 'aof_last_write_status']

function persistence(info: Info): RedisCondition[] {
  const failed = SAVES.filter((name) => info.get(name) === 'err')
  if (failed.length === 0) return []
  const labels = Object.fromEntries(failed.map((name) => [name, 'err']))
  const data = { summary: `Failed: ${failed.join(', ')}.`, labels }
  return [{ finding: 'persistence', subject: '', says: { eventType: 'redis.persistence.failing', data } }]
}

/** The event that resolves that of a finding; undefined for one that this version does not know. */
export function overOf({ finding, subject }: Finding): FindingEvent | undefined {
  if (!Object.hasOwn(FINDINGS, finding)) return undefined
  const of = subject === '' || subject === MORE ? '' : ` ${subject}`
  return {
    eventType: FINDINGS[finding as FindingName],
    data: { summary: `${finding}${of}: within its limits again, or gone.` },
  }
}

/** The event about conditions beyond those that have events of their own. */
export function moreOf(finding: string, count: number): FindingEvent {
  return { eventType: 'redis.replica.lagging', data: { summary: `${finding}: ${count} more.`, value: count } }
}
