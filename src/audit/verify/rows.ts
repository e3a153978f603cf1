import type { Kysely } from 'kysely'
import { AUDIT_ENTRIES, type EntryKind, subjectFieldOf } from '../../contract/audit-entries.ts'
import { readValues } from '../../store/audit-values-in-order.ts'
import { findEvents, findLeaves, findNotifications, readLargeValue } from '../../store/record-lookups.ts'
import type { Tables } from '../../store/tables.ts'
import { checkAction } from './action-rows.ts'
import { checkArchived } from './archived-rows.ts'
import { isHashedJson } from './compare.ts'
import { checkEscalation } from './escalation-rows.ts'
import { checkEvent } from './event-rows.ts'
import type { Finding, Note } from './findings.ts'
import { createFindings, differs, type Findings, type Found, notBacked } from './found.ts'
import { checkMatched, REPLAYS, RESOLUTIONS } from './matched-rows.ts'
import { type Routing, routingOf } from './notification-history.ts'
import { checkNotification, type NotificationRows } from './notification-rows.ts'
import { checkPagerAlerts } from './pager-alert-rows.ts'
import { type Entry, readEntry, subjectOf } from './read-entry.ts'
import { type Group, groupsById } from './side-by-side.ts'
import { checkSilence } from './silence-rows.ts'
import { readTrail, type Trail } from './trail.ts'
import { checkValue } from './value-rows.ts'

/** Options of {@link verifyRows}. */
export interface RowsContext {
  /**
   * Until when gateways of an earlier version, which write no entries, may have changed rows. If absent, 24 hours after the
   * upgrade.
   */
  readonly earlierVersionUntil?: Date | undefined
}

/**
 * Compares every row of the record with the entries about it: each row has the entries that it must have, each entry has its
 * row unless retention removed it, and each column that follows from entries is as they say.
 *
 * @param transaction sees the database at one moment: `inReadSnapshot`
 */
export async function* verifyRows(
  transaction: Kysely<Tables>,
  context: RowsContext = {},
): AsyncGenerator<Finding | Note, void> {
  const findings = createFindings()
  const trail = await readTrail(transaction, context)
  const rows = createRows(transaction, trail, findings)
  for await (const groups of groupsById(transaction)) {
    for (const group of groups) rows.check(group)
    await rows.settle(groups.at(-1)?.id)
    yield* located(transaction, findings.take())
  }
  await rows.settle(undefined)
  yield* located(transaction, findings.take())
  for await (const values of readValues(transaction)) {
    for (const value of values) checkValue(value, { trail, findings })
    yield* located(transaction, findings.take())
  }
  for (const [table, count] of findings.earlierVersion)
    yield {
      note: `earlier version: ${count} rows of ${table} were written or changed by a gateway without an audit trail`,
    }
}

/** Findings with their places in the tree. */
async function* located(transaction: Kysely<Tables>, found: readonly Found[]): AsyncGenerator<Finding, void> {
  const leaves = await findLeaves(
    transaction,
    found.flatMap(({ entry }) => (entry ? [entry.id] : [])),
  )
  for (const { code, table, id, column, entry, detail } of found) {
    const leaf = entry && leaves.get(entry.id)
    yield {
      code,
      row: { table, id, ...(column === undefined ? {} : { column }) },
      ...(entry && { entryId: entry.id, kind: entry.kind, ...subjectField(entry) }),
      ...leaf,
      detail,
    }
  }
}

function subjectField(entry: Entry): { readonly subject?: string } {
  const subject = subjectOf(entry)
  return typeof subject === 'string' ? { subject } : {}
}

const byId = <T extends { readonly key: string }>(rows: readonly T[]) => Map.groupBy(rows, ({ key }) => key)

/** Routed notifications without a row so far that are kept until their row comes. */
const MOST_ROUTED = 10_000

/**
 * Checks ids in their order. What one id needs of another is kept until that comes: a notification needs its event, whose id
 * is smaller and nearly always of the same moment.
 */
function createRows(transaction: Kysely<Tables>, trail: Trail, findings: Findings) {
  const routed = new Map<string, Routing>()
  let waiting: NotificationRows[] = []
  let large: (() => Promise<void>)[] = []
  const shared = { trail, findings }

  function check(group: Group): void {
    // An entry whose column `subject` is not the id in its bytes is a finding of the tree's part.
    const entries = group.entries
      .flatMap((row) => readEntry(row) ?? [])
      .filter((entry) => subjectOf(entry) === group.id)
    const accepted = entries.filter(({ kind }) => kind === 'event.accepted')
    if (group.events.length > 0 || accepted.length > 0) checkEventOf(group, accepted, entries)
    if (group.resolutions.length > 0 || entries.some(({ kind }) => kind === RESOLUTIONS.kind))
      checkMatched(RESOLUTIONS, group.id, group.resolutions, entries, shared)
    if (group.replays.length > 0 || entries.some(({ kind }) => kind === REPLAYS.kind))
      checkMatched(REPLAYS, group.id, group.replays, entries, shared)
    if (group.silences.length > 0 || entries.some(({ kind }) => kind.startsWith('silence.')))
      checkSilence(group.id, group.silences, entries, shared)
    if (group.actions.length > 0 || entries.some(({ kind }) => kind.startsWith('action.')))
      checkAction(group.id, group.actions, entries, shared)
    if (group.pagerAlerts.length > 0 || entries.some(({ kind }) => kind.startsWith('pager_alert.')))
      checkPagerAlerts(group.pagerAlerts, entries, shared)
    if (group.escalations.length > 0 || entries.some(({ kind }) => kind.startsWith('escalation.')))
      checkEscalation(group.id, group.escalations, entries, shared)
    if (group.archived.length > 0 || entries.some(({ kind }) => kind.startsWith('archive.')))
      checkArchived(group.id, group.archived, entries, shared)
    const own = entries.filter(({ kind }) => kind in AUDIT_ENTRIES && isAboutNotification(kind))
    if (group.notifications.length === 0 && group.attempts.length === 0 && own.length === 0) return
    const notification = { id: group.id, rows: group.notifications, attempts: group.attempts, entries: own }
    const routing = routed.get(group.id)
    if (routing) checkRouted(notification, routing)
    else waiting.push(notification)
  }

  function checkEventOf({ id, events }: Group, accepted: readonly Entry[], entries: readonly Entry[]): void {
    const row = checkEvent(id, events, accepted, shared)
    const [entry] = accepted
    if (entry === undefined) return
    for (const [notification, routing] of routingOf(entry, entries, row)) routed.set(notification, routing)
    if (row?.data === null)
      large.push(async () => {
        const data = await readLargeValue(transaction, 'event', row)
        if (!isHashedJson(entry.fields.data, row.salt, data)) findings.add(differs('teams_events', id, 'data', entry))
      })
  }

  function checkRouted(notification: NotificationRows, routing: Routing | undefined): void {
    // Where the row is gone, the routing stays, and is reported when no row has come.
    if (notification.rows.length > 0) routed.delete(notification.id)
    const { row, card } = checkNotification(notification, routing, shared) ?? {}
    if (row?.large_card && card)
      large.push(async () => {
        const value = await readLargeValue(transaction, 'notification', row)
        if (!isHashedJson(card.fields.card, row.card_salt, value))
          findings.add(differs('teams_notifications', row.key, 'card_payload', card))
      })
  }

  /** Checks notifications whose event has not come. */
  async function checkWaiting(): Promise<void> {
    const unknown = waiting.filter(({ id }) => !routed.has(id))
    const ids = [...new Set(unknown.flatMap(({ rows }) => rows.map(({ event_id }) => event_id)))]
    const { events, entries } = await findEvents(transaction, ids)
    const rowsOf = byId(events)
    const found = new Map<string, Routing>()
    for (const [key, stored] of byId(entries)) {
      const about = stored.flatMap((row) => readEntry(row) ?? [])
      for (const entry of about.filter(({ kind }) => kind === 'event.accepted')) {
        const row = rowsOf.get(key)?.find(({ created_at }) => created_at === entry.createdAt)
        for (const [id, routing] of routingOf(entry, about, row)) found.set(id, routing)
      }
    }
    for (const notification of waiting) {
      const { id, rows, entries: own } = notification
      const routing = routed.get(id) ?? found.get(id)
      checkRouted(notification, routing)
      const last = own.at(-1)
      if (rows.length === 0 && routing === undefined && last && !isRemoved(id))
        findings.add(notBacked('teams_notifications', id, last))
    }
    waiting = []
  }

  /** Whether retention may have removed a notification, by the time in its id. */
  function isRemoved(id: string): boolean {
    const before = trail.removedBefore('teams_notifications')
    return before !== '' && id < idAt(Date.parse(before) + DAY)
  }

  /** Reports routed notifications whose rows ought to have come. */
  async function checkRest(until: string | undefined): Promise<void> {
    const late = [...routed].filter(([id]) => until === undefined || id <= until || routed.size > MOST_ROUTED)
    const there = await findNotifications(
      transaction,
      late.map(([id]) => id),
    )
    for (const [id, { entry }] of late) {
      routed.delete(id)
      if (!there.has(id) && entry.createdAt >= trail.removedBefore('teams_notifications'))
        findings.add(notBacked('teams_notifications', id, entry))
    }
  }

  return {
    check,
    /**
     * Does what needs further reading.
     *
     * @param until the last id that was checked; undefined at the end
     */
    async settle(until: string | undefined): Promise<void> {
      await checkWaiting()
      await checkRest(until)
      for (const readLarge of large) await readLarge()
      large = []
    },
  }
}

/** An id has the time of the process that made it, a row that of its transaction: they differ by less than a day. */
const DAY = 86_400_000

/** The smallest UUID (version 7) of a time. */
function idAt(time: number): string {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}`
}

const isAboutNotification = (kind: string) => subjectFieldOf(kind as EntryKind) === 'notification'
