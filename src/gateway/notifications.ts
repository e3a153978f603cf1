import type { GatewayService } from '../contract/service.ts'
import { getNotification, listNotifications, replayNotification } from '../store/notifications.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'

/** Makes the use cases that list, read and replay notifications. */
export function createNotifications({
  database: { kysely },
  engine,
  log,
}: UseCaseParts): Pick<GatewayService, 'listNotifications' | 'getNotification' | 'replayNotification'> {
  return {
    listNotifications: (query) => listNotifications(kysely, query),
    getNotification: (id) => getNotification(kysely, id),
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
