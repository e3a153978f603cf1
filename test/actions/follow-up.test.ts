import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFollowUps } from '../../src/actions/follow-up.ts'
import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import type { Database } from '../../src/store/database.ts'
import { insertSilence } from '../../src/store/silences.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, catalogueWith, change, firing, OMAR, SARA, TYPED } from './acting.ts'

interface FollowUp {
  readonly id: string
  readonly channel: string
  readonly state: string
  readonly language: string
  readonly digest_id: string | null
  readonly correlation_id: string
  readonly priority: string
  readonly data: Record<string, unknown>
}

describe.each(KINDS)('a follow-up, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  const woken: string[] = []
  const catalogue = catalogueWith({ channels: { devops: { language: 'ar' }, pmo: { muted: true } } })
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  const acting = () =>
    actingOn(database, {
      catalogue,
      followUp: createFollowUps({ catalogue }, async (_transaction, channels) => void woken.push(...channels)),
    })

  const followUps = async (correlationId: string): Promise<readonly FollowUp[]> => {
    const { rows } = await sql<FollowUp>`
      SELECT n.id, n.channel, n.state, n.language, n.digest_id, n.correlation_id, n.priority, e.data
        FROM teams_notifications n JOIN teams_events e ON e.id = n.event_id
       WHERE n.event_type = 'gateway.followup' AND n.correlation_id = ${correlationId} ORDER BY n.id`.execute(db)
    return rows
  }

  it('says in each channel of the event who did what, in its language, and wakes it', async () => {
    const { act, accept } = acting()
    const event = firing({ stakeholders: ['sre', 'devops', 'pmo'], correlationId: 'told', priority: 'CRITICAL' })
    const { notificationId } = await accept(event)
    const answer = await act({ action: 'acknowledge', target: { notificationId }, inputs: { reason: 'on it' } })
    const made = await followUps('told')
    expect(made).toMatchObject([
      { channel: 'sre', language: 'en', state: 'pending', priority: 'INFO' },
      { channel: 'devops', language: 'ar', state: 'pending', priority: 'INFO' },
    ])
    expect(made[0]?.data).toEqual({
      component: 'told',
      summary: 'acknowledge - Sara',
      event: 'prometheus.alert.firing',
      done: 'acknowledge',
      by: 'Sara',
      at: answer.finishedAt?.toISOString(),
      reason: 'on it',
      expires_at: new Date((answer.finishedAt?.getTime() ?? 0) + 3_600_000).toISOString(),
      earlier: [],
    })
    expect(CARD_DATA.action_followup.strict().safeParse(made[0]?.data).error).toBeUndefined()
    expect(woken).toEqual(['sre', 'devops'])
  })

  it('stands for those before it that still wait in its channel', async () => {
    const { act, accept } = acting()
    const { notificationId } = await accept(firing({ stakeholders: ['cloudops'], correlationId: 'folded' }))
    const target = { notificationId }
    await act({ action: 'acknowledge', target }, TYPED)
    await act({ action: 'unacknowledge', target })
    await act({ action: 'acknowledge', target }, OMAR)
    const [first, second, third] = await followUps('folded')
    expect([first, second]).toMatchObject([
      { state: 'digested', digest_id: second?.id },
      { state: 'digested', digest_id: third?.id },
    ])
    expect(first?.data).toMatchObject({ identity: 'not_verified' })
    expect(third).toMatchObject({
      state: 'pending',
      data: {
        done: 'acknowledge',
        by: 'Omar',
        earlier: [
          { done: 'unacknowledge', by: 'Sara' },
          { done: 'acknowledge', by: 'Somebody' },
        ],
      },
    })
    // One that Teams may have is not folded.
    await change(db, third?.id ?? '', sql`attempts = 1`)
    await act({ action: 'unacknowledge', target })
    expect((await followUps('folded')).map(({ state }) => state)).toEqual([
      'digested',
      'digested',
      'pending',
      'pending',
    ])
  })

  it('goes to no channel without a card of the event, and to none with a silence', async () => {
    const { act, accept } = acting()
    const { notificationId } = await accept(firing({ stakeholders: ['runtime_eng'], correlationId: 'unseen' }))
    await change(db, notificationId, sql`state = 'failed'`)
    await act({ action: 'acknowledge', target: { notificationId } })
    expect(await followUps('unseen')).toEqual([])
    const { notificationId: silent } = await accept(firing({ stakeholders: ['compliance'], correlationId: 'silent' }))
    await insertSilence(db, {
      kind: 'silence',
      matchers: [{ field: 'channel', operator: '=', value: 'compliance' }],
      startsAt: new Date(Date.now() - 1_000),
      endsAt: new Date(Date.now() + 3_600_000),
      every: null,
      reason: 'a drill',
      createdBy: 'cli',
    })
    await act({ action: 'acknowledge', target: { notificationId: silent } })
    expect(await followUps('silent')).toEqual([])
  })

  it('follows no refusal and no replay, and is no event to act on', async () => {
    const { act, accept } = acting()
    const { notificationId } = await accept(firing({ stakeholders: ['security_eng'], correlationId: 'none' }))
    await act({ action: 'unacknowledge', target: { notificationId } })
    await change(db, notificationId, sql`state = 'failed'`)
    await act({ action: 'replay', target: { notificationId } })
    expect(await followUps('none')).toEqual([])
    await act({ action: 'acknowledge', target: { correlationId: 'none' } }, SARA)
    const [made] = await followUps('none')
    const own = act({ action: 'acknowledge', target: { notificationId: made?.id ?? '' } })
    await expect(own).rejects.toMatchObject({ code: 'not_found' })
    expect(await act({ action: 'discard', target: { correlationId: 'none' }, inputs: { reason: 'r' } })).toMatchObject({
      state: 'done',
      events: 1,
    })
  })
})
