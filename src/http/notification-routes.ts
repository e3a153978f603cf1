import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { channelsWire } from '../contract/channels.ts'
import { readNotificationQuery } from '../contract/notification-query.ts'
import { notificationDetailWire, notificationPageWire, notificationWire } from '../contract/notifications.ts'
import type { GatewayService } from '../contract/service.ts'
import { readStatsPeriod, statsWire } from '../contract/stats.ts'
import { idOf, routeOf } from './route.ts'

/** `/v1/notifications…` and `/v1/channels`. */
export function addNotificationRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listNotifications'),
    handler: async (request) =>
      z.encode(notificationPageWire, await service.listNotifications(readNotificationQuery(request.query))),
  })
  app.route({
    ...routeOf('getNotification'),
    handler: async (request) =>
      z.encode(notificationDetailWire, await service.getNotification(idOf(request), request.caller?.origin ?? 'http')),
  })
  app.route({
    ...routeOf('replayNotification'),
    handler: async (request) =>
      z.encode(notificationWire, await service.replayNotification(idOf(request), request.caller?.origin ?? 'http')),
  })
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('getStats'),
    handler: async (request) => z.encode(statsWire, await service.stats(readStatsPeriod(request.query))),
  })
  app.route({
    ...routeOf('listChannels'),
    handler: async () => z.encode(channelsWire, { channels: [...(await service.listChannels())] }),
  })
}
