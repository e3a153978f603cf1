import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { sql } from 'kysely'
import { wire } from '../../src/app/wiring.ts'
import type { Language } from '../../src/catalogue/language.ts'
import type { Priority } from '../../src/catalogue/priority.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { createLog } from '../../src/kernel/log.ts'

/** An event as it is in the database. */
export interface StoredEvent {
  readonly id: string
  readonly eventType: string
  readonly correlationId: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  readonly data: JsonObject
  readonly language: Language | null
  readonly occurredAt: Date
  /** How many notifications it has. */
  readonly notifications: number
  /** The whole row as JSON. */
  readonly all: string
}

/** The tables into which accepting writes. */
const WRITTEN = ['teams_events', 'teams_notifications', 'teams_idempotency_keys']

/**
 * The whole gateway on an embedded database of its own, in a thread of its own: a coverage sample takes longer the
 * more code its thread has loaded, and the database is most of it. It sends nothing.
 */
async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  // A database to begin with a copy of, given by tests: making and migrating one takes 6 s of CPU.
  const { FUZZ_PREPARED_DATABASE: prepared } = process.env
  if (prepared !== undefined) cpSync(prepared, folder, { recursive: true })
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => lines.push(line) })
  const settings = { TEAMS_DATA_DIR: folder, TEAMS_PHI_POLICY: 'mask' } as const
  const { service, database, stop } = await wire({ env: {}, settings, deliver: false, log })
  const { kysely } = database
  return {
    /** Accepts, and tells what was logged. */
    async accept({ events, origin }: { readonly events: readonly UncheckedEvent[]; readonly origin: string }) {
      lines.length = 0
      const acceptances = await service.accept(events, origin)
      return { acceptances, log: lines.join('') }
    },
    async stored(): Promise<readonly StoredEvent[]> {
      const { rows } = await sql<StoredEvent>`
        SELECT e.id, e.event_type AS "eventType", e.correlation_id AS "correlationId", e.priority, e.stakeholders, e.data,
               e.language, e.occurred_at AS "occurredAt", to_jsonb(e)::text AS "all",
               (SELECT count(*)::int FROM teams_notifications n WHERE n.event_id = e.id) AS notifications
          FROM teams_events e ORDER BY e.id`.execute(kysely)
      return rows
    },
    /** Everything that is stored besides the events, as text. */
    async rest(): Promise<string> {
      const texts: string[] = []
      for (const table of [...WRITTEN.slice(1), 'teams_engine.job']) {
        const { rows } = await sql<{ row: string }>`SELECT to_jsonb(t)::text AS row FROM ${sql.table(table)} t`.execute(
          kysely,
        )
        texts.push(...rows.map(({ row }) => row))
      }
      return texts.join('\n')
    },
    /** Takes everything out again. Not TRUNCATE, which makes new files for each of a hundred partitions and indexes. */
    async empty(): Promise<void> {
      for (const table of WRITTEN) await sql`DELETE FROM ${sql.table(table)}`.execute(kysely)
    },
    async close(): Promise<void> {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What can be asked of the thread. */
export type Database = Awaited<ReturnType<typeof open>>

/** A question to the thread, and its answer. */
export interface DatabaseRequest {
  readonly ask: keyof Database
  readonly given: unknown
}
export type DatabaseReply =
  | { readonly value: unknown }
  | { readonly refused: { readonly code: string; readonly problems: readonly unknown[] } }
  | { readonly failed: string }

const port = parentPort
if (port) {
  const database = await open()
  port.on('message', async ({ ask, given }: DatabaseRequest) => {
    const answer = await reply(database, ask, given)
    port.postMessage(answer)
    if (ask === 'close') port.close()
  })
  port.postMessage({ value: 'open' } satisfies DatabaseReply)
}

async function reply(database: Database, ask: keyof Database, given: unknown): Promise<DatabaseReply> {
  try {
    const value = await (ask === 'accept'
      ? database.accept(given as Parameters<Database['accept']>[0])
      : database[ask]())
    return { value }
  } catch (error) {
    if (isGatewayError(error)) return { refused: { code: error.code, problems: error.problems } }
    return { failed: error instanceof Error ? (error.stack ?? error.message) : 'something that is no error' }
  }
}
