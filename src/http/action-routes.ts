import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { actionPageWire, actionWire, readActionQuery } from '../contract/actions.ts'
import {
  type ActionCall,
  actionErrorForCaller,
  answerToWire,
  handlerAnswer,
  handlerRefusal,
  readActionCall,
} from '../contract/actions-request.ts'
import { actorOf, relayedActor } from '../contract/actor.ts'
import { parseJsonBody } from '../contract/json-body.ts'
import { requireJson } from '../contract/media-type.ts'
import type { GatewayService } from '../contract/service.ts'
import { isGatewayError } from '../kernel/errors.ts'
import { idOf, routeOf } from './route.ts'

/** `/v1/actions…` */
export function addActionRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route({
    ...routeOf('act'),
    onRequest: async (request) => requireJson(request.headers),
    handler: async (request, reply) => {
      const call = readActionCall(parseJsonBody(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)))
      try {
        const answer = await service.act(actionOf(call, request), personOf(call, request))
        reply.code(answer.state === 'requested' || answer.state === 'running' ? 202 : 200)
        return call.handler ? handlerAnswer(answer) : answerToWire(answer)
      } catch (error) {
        const told = actionErrorForCaller(error)
        if (!call.handler || !isGatewayError(told) || told.status >= 500) throw told
        return reply.code(told.status).send(handlerRefusal(told))
      }
    },
  })
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listActions'),
    handler: async (request) => {
      const page = await service.listActions(readActionQuery(request.query))
      return z.encode(actionPageWire, { ...page, actions: [...page.actions] })
    },
  })
  app.route({
    ...routeOf('getAction'),
    handler: async (request) => z.encode(actionWire, await service.getAction(idOf(request))),
  })
}

/** A signed request's id is the key of an action without one: a sender that repeats it after a lost answer acts once. */
function actionOf({ action }: ActionCall, { caller }: FastifyRequest): ActionCall['action'] {
  const key = action.idempotencyKey ?? caller?.requestId
  return key === undefined ? action : { ...action, idempotencyKey: key }
}

function personOf({ person }: ActionCall, { caller }: FastifyRequest) {
  const origin = caller?.origin ?? 'http'
  return person === undefined ? actorOf(origin) : relayedActor(origin, person)
}
