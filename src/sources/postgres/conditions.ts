import type { PostgresDefinition } from '../../catalogue/source-definitions.ts'
import type { FindingEvent } from '../finding-events.ts'
import { type Condition, type Finding, MORE } from '../findings.ts'
import type { Figures } from './statements.ts'

/** Every finding of the source, each with the event type that resolves its events. */
export const FINDINGS = {
  connections: 'postgres.connection.recovered',
  lag: 'postgres.replication.recovered',
  replicas: 'postgres.replication.recovered',
  receiver: 'postgres.replication.recovered',
  slot: 'postgres.slot.recovered',
  transaction: 'postgres.transaction.ended',
  idle_in_transaction: 'postgres.transaction.ended',
} as const

type FindingName = keyof typeof FINDINGS
type PostgresCondition = Condition<FindingEvent> & { readonly finding: FindingName }

/** What is wrong with a server, by the limits of its source. */
export function conditionsOf(figures: Figures, definition: PostgresDefinition): readonly PostgresCondition[] {
  return [
    ...connections(figures, definition),
    ...lags(figures, definition),
    ...missing(figures, definition),
    ...slots(figures, definition),
    ...transactions('transaction', 'open', figures.long, definition.transactionSeconds),
    ...transactions('idle_in_transaction', 'idle', figures.idle, definition.idleSeconds),
  ]
}

/** The server refuses a connection because it has too many (SQLSTATE 53300). */
export const REFUSED: PostgresCondition = {
  finding: 'connections',
  subject: '',
  says: {
    eventType: 'postgres.connection.exhausted',
    data: { summary: 'The server refuses connections: all are in use.' },
  },
}

function connections({ used, max }: Figures, { connections: share }: PostgresDefinition): PostgresCondition[] {
  if (used < max * share) return []
  const data = { summary: `${used} of ${max} connections are in use.`, value: used, threshold: Math.ceil(max * share) }
  return [{ ...REFUSED, says: { ...REFUSED.says, data: { ...data, unit: 'connections' } } }]
}

interface Lag {
  readonly bytes: number | null
  readonly seconds: number | null
}

function lags({ replicas, standby }: Figures, definition: PostgresDefinition): PostgresCondition[] {
  const late = replicas.filter((replica) => isBehind(replica, definition))
  // Several of one subject, as behind an address that they share: the one that is furthest behind.
  const bySubject = [...Map.groupBy(late, subjectOf)].map(([subject, same]) =>
    lagCondition(subject, same.reduce(furthest), definition),
  )
  const own = standby && isBehind(standby, definition) ? [lagCondition('', standby, definition)] : []
  return [...bySubject, ...own]
}

/**
 * The subject of a replica, by what it says itself and never by which others there are: it must not change when another leaves.
 * Replicas without an application_name of their own are all called walreceiver.
 */
function subjectOf({ name, address }: Figures['replicas'][number]): string {
  return name === 'walreceiver' ? `${name} ${address ?? 'local'}` : name
}

function furthest<L extends Lag>(a: L, b: L): L {
  return (b.bytes ?? 0) > (a.bytes ?? 0) ? b : a
}

/** True for the lag of a replica that the primary does not list any more: it may have failed, and has caught up only if it is back. */
export function absentOf({ replicas, recovery }: Figures): (finding: Finding) => boolean {
  const listed = new Set(replicas.map(subjectOf))
  return ({ finding, subject }) =>
    finding === 'lag' && !recovery && subject !== '' && subject !== MORE && !listed.has(subject)
}

function isBehind({ bytes, seconds }: Lag, { lagBytes, lagSeconds }: PostgresDefinition): boolean {
  return (bytes ?? 0) >= lagBytes || (seconds ?? 0) >= lagSeconds
}

function lagCondition(
  subject: string,
  { bytes, seconds }: Lag,
  { lagBytes, lagSeconds }: PostgresDefinition,
): PostgresCondition {
  const byBytes = (bytes ?? 0) >= lagBytes
  const late = seconds === null ? '' : `, ${Math.round(seconds)} s`
  return {
    finding: 'lag',
    subject,
    says: {
      eventType: 'postgres.replication.lag',
      data: {
        summary: `${subject === '' ? 'The replica' : subject} is behind by ${sizeOf(bytes ?? 0)} of WAL${late}.`,
        ...(subject === '' ? {} : { node: subject }),
        ...(seconds === null ? {} : { lag_seconds: seconds }),
        value: byBytes ? (bytes ?? 0) : Math.round(seconds ?? 0),
        threshold: byBytes ? lagBytes : lagSeconds,
        unit: byBytes ? 'bytes' : 's',
      },
    },
  }
}

function missing({ replicas, standby }: Figures, { replicas: wanted }: PostgresDefinition): PostgresCondition[] {
  const eventType = 'postgres.replica.missing'
  // What a backup or an archive receives streams as well, and replays nothing.
  const count = replicas.filter(({ physical, streaming, bytes }) => physical && streaming && bytes !== null).length
  const summary = `${count} of ${wanted} replicas stream.`
  const tooFew: PostgresCondition = {
    finding: 'replicas',
    subject: '',
    says: { eventType, data: { summary, value: count, threshold: wanted, unit: 'replicas' } },
  }
  const cut: PostgresCondition = {
    finding: 'receiver',
    subject: '',
    says: { eventType, data: { summary: 'The replica does not stream from its primary.' } },
  }
  return [...(count < wanted ? [tooFew] : []), ...(standby?.streaming === false ? [cut] : [])]
}

function slots({ slots: all }: Figures, { slotBytes }: PostgresDefinition): PostgresCondition[] {
  return all
    .filter(({ bytes, status }) => (bytes ?? 0) >= slotBytes || status === 'unreserved' || status === 'lost')
    .map(({ name, active, status, bytes }) => ({
      finding: 'slot',
      subject: name,
      says: {
        eventType: 'postgres.slot.retaining',
        data: {
          summary:
            status === 'lost'
              ? `Slot ${name} is lost: the WAL that it needs was removed.`
              : `Slot ${name} retains ${sizeOf(bytes ?? 0)} of WAL.`,
          labels: { slot: name, active, ...(status === null ? {} : { wal_status: status }) },
          ...(bytes === null ? {} : { value: bytes, threshold: slotBytes, unit: 'bytes' }),
        },
      },
    }))
}

function transactions(
  finding: 'transaction' | 'idle_in_transaction',
  how: 'open' | 'idle',
  found: Figures['long'],
  limit: number,
): PostgresCondition[] {
  if (found === null) return []
  const { count, seconds, pid, user, application, database } = found
  const labels = Object.entries({ user, application, database }).filter(([, value]) => value)
  return [
    {
      finding,
      subject: '',
      says: {
        eventType: 'postgres.transaction.long',
        data: {
          summary: `${count === 1 ? '1 transaction is' : `${count} transactions are`} ${how} for longer than ${limit} s; the oldest for ${seconds} s.`,
          labels: { count, pid, ...Object.fromEntries(labels) },
          value: seconds,
          threshold: limit,
          unit: 's',
        },
      },
    },
  ]
}

/** The event that resolves that of a finding; undefined for one that this version does not know. */
export function overOf({ finding, subject }: Finding): FindingEvent | undefined {
  if (!Object.hasOwn(FINDINGS, finding)) return undefined
  const eventType = FINDINGS[finding as FindingName]
  const of = subject === '' || subject === MORE ? '' : ` ${subject}`
  return { eventType, data: { summary: `${finding}${of}: within its limits again, or gone.` } }
}

/** The event about conditions beyond those that have events of their own. */
export function moreOf(finding: string, count: number): FindingEvent {
  const eventType = finding === 'slot' ? 'postgres.slot.retaining' : 'postgres.replication.lag'
  return { eventType, data: { summary: `${finding}: ${count} more.`, value: count } }
}

function sizeOf(bytes: number): string {
  const [unit, size] =
    bytes >= 2 ** 30 ? ['GiB', 2 ** 30] : bytes >= 2 ** 20 ? ['MiB', 2 ** 20] : (['KiB', 2 ** 10] as const)
  return `${(bytes / size).toFixed(1)} ${unit}`
}
