import { actorOf } from '../contract/actor.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { getNotification, listNotifications, readViews } from '../store/notifications.ts'
import { recordRead } from '../store/record-read.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use cases that list, read and replay notifications. */
export function createNotifications(
  { database: { kysely }, log }: Pick<UseCaseParts, 'database' | 'log'>,
  act: GatewayService['act'],
): Pick<GatewayService, 'listNotifications' | 'getNotification' | 'getNotificationViews' | 'replayNotification'> {
  return {
    listNotifications: (query) => listNotifications(kysely, query),
    async getNotification(id, by) {
      const detail = await getNotification(kysely, id)
      await recordRead(kysely, [detail.id], by)
      return detail
    },
    getNotificationViews: (ids) => readViews(kysely, ids),
    async replayNotification(id, by) {
      // An unknown id is no action, and is reported as for the other notifications.
      const [before] = await readViews(kysely, [id])
      const { state, notification } = await act({ action: 'replay', notificationId: id }, actorOf(by))
      if (state !== 'done' || notification === null)
        throw new GatewayError('not_replayable', [
          { at: 'state', found: JSON.stringify(notification?.state ?? before?.state), expected: '"failed"' },
        ])
      log.write('notification_replayed', {
        correlation_id: notification.correlationId,
        notification_id: id,
        channel: notification.channel,
        by,
      })
      return notification
    },
  }
}
