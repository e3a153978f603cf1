import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { GatewayService } from '../service/port.ts'
import { channelsWire, notificationDetailWire, notificationPageWire, notificationWire } from '../service/wire.ts'
import { readNotificationQuery } from './notification-query.ts'
import { routeOf } from './route-of.ts'

/** `/v1/notifications…` and `/v1/channels`. */
export function addNotificationRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listNotifications'),
    handler: async (request) =>
      z.encode(notificationPageWire, await service.listNotifications(readNotificationQuery(request.query))),
  })
  app.route({
    ...routeOf('getNotification'),
    handler: async (request) => z.encode(notificationDetailWire, await service.getNotification(idOf(request))),
  })
  app.route({
    ...routeOf('replayNotification'),
    handler: async (request) =>
      z.encode(notificationWire, await service.replayNotification(idOf(request), request.caller?.origin ?? 'http')),
  })
  app.route({
    ...routeOf('listChannels'),
    handler: async () => z.encode(channelsWire, { channels: [...(await service.listChannels())] }),
  })
}

/** The id in the path. What has not the shape of one can not be there, and no database has to be asked. */
function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string }
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase()
  throw new GatewayError('not_found', [{ at: 'id', found: 'something that is not an id', expected: 'a UUID' }])
}
