import type { PostgresDefinition } from '../../catalogue/source-definitions.ts'
import { SOURCE_CODES } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import { createAuthority } from '../authority.ts'
import { type Look, poll } from '../poll.ts'
import { type Source, type SourceCheck, type SourceParts, SourceProblem } from '../source.ts'
import { absentOf, conditionsOf, FINDINGS, moreOf, overOf, REFUSED } from './conditions.ts'
import { connectPostgres, type PostgresConnection } from './connection.ts'
import { type Figures, readFigures, statementsOf } from './statements.ts'

/** About these, a server that refuses a connection says nothing. */
const OTHERS: ReadonlySet<string> = new Set(Object.keys(FINDINGS).filter((finding) => finding !== REFUSED.finding))

/**
 * Watches a PostgreSQL server: connections, replication, replication slots, long transactions. It keeps one connection, with which it
 * still sees a server that takes no more.
 */
export function createPostgresSource(definition: PostgresDefinition, { secret }: SourceParts): Source {
  const statements = statementsOf(definition)
  const readAuthority = createAuthority(definition.caFile)
  const connect = (signal: AbortSignal) => connectPostgres(definition, { secret: secret(), readAuthority }, signal)

  async function figuresOf(connection: PostgresConnection, signal: AbortSignal): Promise<Figures> {
    return readFigures(await connection.ask(statements, signal))
  }

  return {
    async run(context) {
      let connection: PostgresConnection | undefined
      async function look(signal: AbortSignal): Promise<Look> {
        try {
          if (connection === undefined || connection.closed) connection = await connect(signal)
        } catch (error) {
          // Nothing else is seen: where it stays so, the source is blind.
          if (isFull(error)) return { conditions: [REFUSED], unknown: OTHERS, code: 'busy' }
          throw error
        }
        const figures = await figuresOf(connection, signal)
        return { conditions: conditionsOf(figures, definition), absent: absentOf(figures) }
      }
      try {
        await poll(context, { ...definition, look, over: overOf, more: moreOf })
      } finally {
        connection?.close()
      }
    },
    async check(signal) {
      const checks: SourceCheck[] = []
      let connection: PostgresConnection | undefined
      try {
        connection = await connect(signal)
        checks.push({ what: 'connection', ok: true, found: `${definition.host}:${definition.port} takes the user` })
        const figures = await figuresOf(connection, signal)
        const { version, recovery, used, max, replicas, slots } = figures
        const role = recovery ? 'a replica' : 'a primary'
        const found = `PostgreSQL ${version}, ${role}; ${used} of ${max} connections, ${replicas.length} replicas, ${slots.length} slots`
        checks.push({ what: 'rights', ok: true, found })
      } catch (error) {
        const code = error instanceof SourceProblem ? error.code : 'failed'
        checks.push({
          what: checks.length === 0 ? 'connection' : 'rights',
          ok: false,
          found: SOURCE_CODES[code].means,
          code,
        })
      } finally {
        connection?.close()
      }
      return checks
    },
  }
}

/** Routines of PostgreSQL that refuse a connection by the limit of a role or of a database, whatever else is connected. */
const OWN_LIMITS: readonly unknown[] = ['InitializeSessionUserId', 'CheckMyDatabase']

/** SQLSTATE too_many_connections of the server: the monitor's own limit, which has the same, says nothing about others. */
function isFull(error: unknown): boolean {
  if (!(error instanceof SourceProblem) || codeOf(error.cause) !== '53300') return false
  const { cause } = error
  return !(cause instanceof Error && 'routine' in cause && OWN_LIMITS.includes(cause.routine))
}
