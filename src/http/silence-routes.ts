import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { parseJsonBody } from '../contract/json-body.ts'
import { requireJson } from '../contract/media-type.ts'
import type { GatewayService } from '../contract/service.ts'
import {
  otherSpelling,
  readSilenceQuery,
  silenceDetailWire,
  silenceFromWire,
  silencePageWire,
  silenceWire,
  type UncheckedSilence,
} from '../contract/silences.ts'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { idOf, routeOf } from './route.ts'

/** `/v1/silences…` */
export function addSilenceRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route({
    ...routeOf('createSilence'),
    onRequest: async (request) => requireJson(request.headers),
    handler: async (request, reply) => {
      const silence = readSilence(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
      try {
        const made = await service.createSilence(silence, request.caller?.origin ?? 'http')
        return await reply.code(201).send(z.encode(silenceDetailWire, made))
      } catch (error) {
        throw withWireNames(error)
      }
    },
  })
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listSilences'),
    handler: async (request) => {
      const page = await service.listSilences(readSilenceQuery(request.query))
      return z.encode(silencePageWire, { ...page, silences: [...page.silences] })
    },
  })
  app.route({
    ...routeOf('getSilence'),
    handler: async (request) => z.encode(silenceDetailWire, await service.getSilence(idOf(request))),
  })
  app.route({
    ...routeOf('endSilence'),
    handler: async (request) =>
      z.encode(silenceWire, await service.endSilence(idOf(request), request.caller?.origin ?? 'http')),
  })
}

function readSilence(body: Buffer): UncheckedSilence {
  const value = parseJsonBody(body)
  if (isObject(value)) return silenceFromWire(value)
  throw new GatewayError('invalid_silence', [
    { at: 'body', found: describeValue(value), expected: 'a silence, which is an object' },
  ])
}

/** The service's error with the JSON names of its fields: `ends_at` where the service says `endsAt`. */
function withWireNames(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error
  return new GatewayError(error.code, error.problems.map(problemWithWireNames), { cause: error })
}

function problemWithWireNames({ at, found, expected }: Problem): Problem {
  return {
    at: at === 'silence' ? 'body' : otherSpelling(at),
    found,
    expected: expected.replace(/\b(startsAt|endsAt)\b/g, otherSpelling),
  }
}
