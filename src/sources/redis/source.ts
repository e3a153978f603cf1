import type { RedisDefinition } from '../../catalogue/source-definitions.ts'
import { SOURCE_CODES } from '../../contract/sources.ts'
import { createAuthority } from '../authority.ts'
import { poll } from '../poll.ts'
import { type Source, type SourceCheck, type SourceParts, SourceProblem } from '../source.ts'
import { absentOf, conditionsOf, moreOf, overOf, replicasOf } from './conditions.ts'
import { readInfo } from './info.ts'

/** Watches a Redis or Valkey server by INFO: replication from both sides, and whether it can save its data. */
export function createRedisSource(definition: RedisDefinition, { secret }: SourceParts): Source {
  const readAuthority = createAuthority(definition.caFile)
  const read = (signal: AbortSignal) => readInfo(definition, { secret: secret(), readAuthority }, signal)
  return {
    run: (context) =>
      poll(context, {
        ...definition,
        async look(signal) {
          const info = await read(signal)
          return { conditions: conditionsOf(info, definition), absent: absentOf(info) }
        },
        over: overOf,
        more: moreOf,
      }),
    async check(signal): Promise<readonly SourceCheck[]> {
      try {
        const info = await read(signal)
        const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'of no version'
        const role = info.get('role') === 'master' ? `a primary with ${replicasOf(info).length} replicas` : 'a replica'
        return [{ what: 'connection', ok: true, found: `${definition.host}:${definition.port} is ${role}, ${version}` }]
      } catch (error) {
        const code = error instanceof SourceProblem ? error.code : 'failed'
        return [{ what: 'connection', ok: false, found: SOURCE_CODES[code].means, code }]
      }
    },
  }
}
