import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Actor } from '../../src/contract/actions.ts'
import { tick } from '../../src/escalation/tick.ts'
import { newId } from '../../src/kernel/ids.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { escalationOf, minutesAfter, type World, worldOn } from './setup.ts'

const sara: Actor = { via: 'entra', id: 'sara', name: 'Sara', verified: true, roles: [], relayedBy: null }

/** The id of the newest notification of an event. */
async function newestOf({ db }: World, eventId: string): Promise<string> {
  const { id } = await db
    .selectFrom('teams_notifications')
    .select('id')
    .where('event_id', '=', eventId)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
  return id
}

describe.each(KINDS)('acting on an event that climbs, on the %s database', (kind) => {
  it('is possible on the card of a tier that is called weeks after the event', async () => {
    const world = await worldOn(await startedStore(kind))
    const { db, options, wired } = world
    const eventId = await world.send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, eventId)
    await tick(db, minutesAfter(since, 5), options)
    // An id as of a gateway that calls the tier in 40 days.
    const late = newId()
    const inForty = (Date.now() + 40 * 86_400_000).toString(16).padStart(12, '0')
    const notificationId = `${inForty.slice(0, 8)}-${inForty.slice(8)}${late.slice(13)}`
    await sql`UPDATE teams_notifications SET id = ${notificationId}, state = 'failed'
               WHERE id = ${await newestOf(world, eventId)}`.execute(db)
    const { service } = wired
    expect(await service.getNotification(notificationId, 'library')).toMatchObject({ eventId })
    expect(await service.getActionPage(notificationId, 'acknowledge', sara)).toMatchObject({ possible: true })
    expect(await service.act({ action: 'replay', notificationId }, sara)).toMatchObject({ state: 'done', eventId })
    expect(await service.act({ action: 'acknowledge', notificationId }, sara)).toMatchObject({ state: 'done', eventId })
  })
})
