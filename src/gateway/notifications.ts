import type { GatewayService } from '../contract/service.ts'
import { getNotification, listNotifications, readViews, replayNotification } from '../store/notifications.ts'
import { recordRead } from '../store/record-read.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use cases that list, read and replay notifications. */
export function createNotifications({
  database: { kysely },
  engine,
  log,
}: UseCaseParts): Pick<
  GatewayService,
  'listNotifications' | 'getNotification' | 'getNotificationViews' | 'replayNotification'
> {
  return {
    listNotifications: (query) => listNotifications(kysely, query),
    async getNotification(id, by) {
      const detail = await getNotification(kysely, id)
      await recordRead(kysely, [detail.id], by)
      return detail
    },
    getNotificationViews: (ids) => readViews(kysely, ids),
    async replayNotification(id, by) {
      const replayed = await inTransaction(kysely, async (transaction) => {
        const notification = await replayNotification(transaction, id, by)
        await engine.wake(transaction, [notification.channel])
        return notification
      })
      log.write('notification_replayed', {
        correlation_id: replayed.correlationId,
        notification_id: id,
        channel: replayed.channel,
        by,
      })
      return replayed
    },
  }
}
