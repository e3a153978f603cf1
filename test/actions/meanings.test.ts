import { readFileSync } from 'node:fs'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ActionName } from '../../src/contract/actions.ts'
import type { Climb } from '../../src/escalation/timers.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, catalogueWith, change, firing, noEscalation, rowsOf } from './acting.ts'

/** A row of the table "What an action means" in docs/guides/acting.md. */
interface Meaning {
  readonly on: string
  readonly actions: readonly ActionName[]
  readonly answer: string
  readonly taken: string | null
  readonly after: readonly string[]
  readonly acknowledged: boolean
  readonly doneTo: string
}

function meanings(): readonly Meaning[] {
  const page = readFileSync(new URL('../../docs/guides/acting.md', import.meta.url), 'utf8')
  const [, table = ''] = page.split('| `action_taken` ')
  return (
    table
      .split('\n\n')[0]
      ?.split('\n')
      .slice(2)
      .map((line): Meaning => {
        const [on = '', actions = '', answer = '', taken = '', after = '', acknowledged, doneTo = ''] = line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim().replaceAll('`', ''))
        const list = (text: string) => (text === '–' ? [] : text.split(', '))
        return {
          on,
          actions: list(actions) as ActionName[],
          answer,
          taken: taken === '–' ? null : taken,
          after: list(after),
          acknowledged: acknowledged === 'yes',
          doneTo,
        }
      }) ?? []
  )
}

/** What a row is about: the notification that is acted on, and sets of the notifications that may be written. */
interface Subject {
  readonly notificationId: string
  readonly sets: Readonly<Record<string, readonly string[]>>
  readonly eventIds: readonly string[]
}

describe.each(KINDS)('docs/guides/acting.md, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  const catalogue = catalogueWith({ channels: { pmo: { muted: true } } })
  /** Events without an escalation. */
  const repeats = new Set<string>()
  const climb = async (_: unknown, eventId: string): Promise<Climb> =>
    repeats.has(eventId)
      ? { called: false, why: 'no_policy' }
      : { called: true, tier: 2, channels: ['devops'], pagers: [] }
  let number = 0
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())
  const acting = () => actingOn(database, { catalogue, timers: { ...noEscalation, climb } })

  async function twoChannels(
    stakeholders = ['sre', 'devops'],
    correlationId = `meaning-${number++}`,
  ): Promise<Subject> {
    const { eventId, notifications } = await acting().accept(firing({ stakeholders, correlationId }))
    const ids = notifications.map(({ id }) => id)
    return { notificationId: ids[0] ?? '', eventIds: [eventId], sets: { 'both channels': ids } }
  }

  async function digest(): Promise<Subject & { readonly members: readonly string[] }> {
    const { acceptAll, digest: makeDigest } = acting()
    const accepted = await acceptAll([1, 2, 3].map(() => firing({ stakeholders: ['cloudops'], priority: 'LOW' })))
    const members = accepted.flatMap(({ notifications }) => notifications.map(({ id }) => id))
    const notificationId = await makeDigest('cloudops')
    const { rows } = await sql<{ event_id: string }>`
      SELECT event_id FROM teams_notifications WHERE id = ${notificationId}`.execute(db)
    return {
      notificationId,
      members,
      eventIds: [rows[0]?.event_id ?? '', ...accepted.map(({ eventId }) => eventId)],
      sets: { 'the digest and its members': [notificationId, ...members], 'the digest alone': [notificationId] },
    }
  }

  const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
    'an event in two channels': () => twoChannels(),
    'a resolved event': async () => {
      const correlationId = `resolved-${number++}`
      const subject = await twoChannels(['sre', 'devops'], correlationId)
      await acting().accept(firing({ eventType: 'prometheus.alert.resolved', correlationId }))
      return subject
    },
    'a digest': digest,
    'a member of a digest': async () => {
      const { members, eventIds } = await digest()
      const [member = ''] = members
      return { notificationId: member, eventIds, sets: { 'the member alone': [member] } }
    },
    'a repeat': async () => {
      const correlationId = `repeated-${number++}`
      const first = await acting().accept(firing({ correlationId }))
      const again = await acting().accept(firing({ correlationId }))
      repeats.add(again.eventId)
      return {
        notificationId: again.notificationId,
        eventIds: [first.eventId, again.eventId],
        sets: {
          'the repeat and what it repeats': [first.notificationId, again.notificationId],
          'what it repeats alone': [first.notificationId],
        },
      }
    },
    'a suppressed notification': () => twoChannels(['pmo', 'sre']),
    'a failed notification': async () => {
      const subject = await twoChannels()
      await change(db, subject.notificationId, sql`state = 'failed', reason = 'bad_request'`)
      return { ...subject, sets: { ...subject.sets, 'the failed one alone': [subject.notificationId] } }
    },
  }

  it('has a row for each kind of notification, and no kind that there is not', () => {
    const rows = meanings()
    expect(rows.length).toBeGreaterThan(30)
    expect(new Set(rows.map(({ on }) => on))).toEqual(new Set(Object.keys(SUBJECTS)))
  })

  it.each(meanings())('$on: $actions is answered with $answer', async (row) => {
    const make = SUBJECTS[row.on] ?? expect.fail(`no such subject: ${row.on}`)
    const { notificationId, sets, eventIds } = await make()
    const { act } = acting()
    const answers = []
    for (const action of row.actions)
      answers.push(
        await act({
          action,
          target: { notificationId },
          inputs: action === 'discard' || action === 'escalate' ? { reason: 'a drill' } : {},
        }),
      )
    const last = answers.at(-1)
    expect(last?.result ?? last?.state).toBe(row.answer)
    const rows = await rowsOf(db, eventIds)
    const written = rows.filter(({ action_data }) => action_data?.action_id === last?.id).map(({ id }) => id)
    const expected = row.doneTo === 'nothing' ? [] : (sets[row.doneTo] ?? expect.fail(`no such set: ${row.doneTo}`))
    expect(written.sort()).toEqual([...expected].sort())
    const shown =
      written.length > 0
        ? rows.filter(({ id }) => written.includes(id))
        : rows.filter(({ id }) => id === notificationId)
    for (const { action_taken, action_data, acknowledged_at } of shown) {
      expect(action_taken).toBe(row.taken)
      expect(action_data?.after ?? []).toEqual(row.after)
      expect(acknowledged_at !== null).toBe(row.acknowledged)
    }
  })
})
