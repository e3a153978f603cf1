import { type OperationId, operation } from './operations.ts'

/** What Fastify has to know of an operation: where it is and what it asks of its caller. */
export function routeOf(id: OperationId) {
  const { method, path, scope, signable, work } = operation(id)
  return {
    method,
    url: path,
    config: {
      ...(scope === undefined ? {} : { scope }),
      ...(signable === undefined ? {} : { signable }),
      ...(work === undefined ? {} : { work }),
    },
  }
}
