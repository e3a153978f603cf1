import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationResult, type MigrationResultSet, Migrator } from 'kysely/migration'
import { GatewayError } from '../kernel/errors.ts'
import { hasAuditTrail, insertEntry } from './insert-entry.ts'
import { GRANT_CREATE } from './rights.ts'
import { schemaOf } from './schema.ts'
import { changeTables } from './state-changes.ts'
import type { Tables } from './tables.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)

/** Attempts at a migration that finds a table locked, and the pause between them in milliseconds. */
const LOCK_TRIES = 30
const LOCK_PAUSE_MS = 1_000
/** SQLSTATEs of `lock_timeout` and of a deadlock. */
const LOCK_NOT_HAD: readonly string[] = ['55P03', '40P01']

/** One numbered migration and whether it has been applied. */
export interface MigrationStatus {
  readonly name: string
  readonly appliedAt: Date | undefined
}

/** Applies and reverts migrations. Several processes may call it at once: one does the work. */
export interface Migrations {
  /** Applies all missing migrations; returns their names. */
  up(): Promise<readonly string[]>
  /** Reverts the newest migration; returns its name, or undefined where there is none. */
  down(): Promise<string | undefined>
  status(): Promise<readonly MigrationStatus[]>
}

/** The numbered SQL files of `migrations/`, run by Kysely's migrator under its lock, each in a transaction. */
export function createMigrations(kysely: Kysely<Tables>): Migrations {
  // Without a schema, Kysely would use the migration table of another gateway, in a schema that is not on the search
  // path.
  const makeMigrator = async () =>
    new Migrator({
      db: kysely,
      provider: { getMigrations: readMigrations },
      migrationTableName: 'teams_migrations',
      migrationLockTableName: 'teams_migrations_lock',
      migrationTableSchema: await schemaOf(kysely),
    })
  return {
    async up() {
      // A schema with all migrations of this version, and more of a newer one, is accepted: while replicas are replaced
      // one by one, an old one may have to start again.
      if (await hasAll(kysely)) return []
      const migrator = await makeMigrator()
      // One at a time: together they would be one transaction, which keeps the locks of the first until the end of the
      // last.
      const applied: string[] = []
      for (;;) {
        const results = await retryLocked(() => migrator.migrateUp())
        if (results.length === 0) return applied
        applied.push(...results.map((result) => result.migrationName))
      }
    },
    async down() {
      const migrator = await makeMigrator()
      const [result] = await retryLocked(() => migrator.migrateDown())
      return result?.migrationName
    },
    async status() {
      const migrations = await (await makeMigrator()).getMigrations()
      return migrations.map((migration) => ({ name: migration.name, appliedAt: migration.executedAt }))
    },
  }
}

/**
 * Runs a migration, and again while another transaction has locked a table that it changes. A migration waits for a
 * lock only briefly, because all other statements queue behind it.
 */
async function retryLocked(migrate: () => Promise<MigrationResultSet>): Promise<readonly MigrationResult[]> {
  for (let tries = 1; ; tries++) {
    const { error, results } = await migrate()
    if (!error) return results ?? []
    if (tries === LOCK_TRIES || !LOCK_NOT_HAD.includes(String((error as { code?: unknown }).code))) throw failed(error)
    await setTimeout(LOCK_PAUSE_MS)
  }
}

/** True where every migration of this version is applied, even if there are others. */
async function hasAll(kysely: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`SELECT to_regclass('teams_migrations') IS NOT NULL AS there`.execute(
    kysely,
  )
  if (!rows[0]?.there) return false
  const applied = await sql<{ name: string }>`SELECT name FROM teams_migrations`.execute(kysely)
  const names = new Set(applied.rows.map(({ name }) => name))
  return Object.keys(await readMigrations()).every((name) => names.has(name))
}

function failed(error: unknown): GatewayError {
  const code = (error as { code?: unknown }).code
  return new GatewayError('database_not_migrated', [], {
    cause: error,
    detail:
      code === '42501'
        ? `The user of DATABASE_URL may not change the schema (SQLSTATE 42501), and nothing was changed. ${GRANT_CREATE}`
        : typeof code === 'string' && /^(?!08|57)[0-9A-Z]{5}$/.test(code)
          ? `A migration failed with SQLSTATE ${code} and was rolled back.`
          : 'The database was lost in a migration; "claimlinc-teams migrate status" says which are applied.',
  })
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.up.sql')).sort()
  const migrations: Record<string, Migration> = {}
  for (const file of files) {
    const name = file.slice(0, -'.up.sql'.length)
    migrations[name] = { up: runFile(`${name}.up.sql`), down: runFile(`${name}.down.sql`) }
  }
  return migrations
}

function runFile(file: string) {
  return async (db: Kysely<unknown>) => {
    const text = await readFile(new URL(file, FOLDER), 'utf8')
    for (const statement of statementsOf(text)) await changeTables('schema.migrated', sql.raw(statement)).execute(db)
    const [migration = '', direction = ''] = file.split('.')
    const tables = db as Kysely<Tables>
    if (await hasAuditTrail(tables)) await insertEntry(tables, 'schema.migrated', { migration, direction })
  }
}

/**
 * Splits a file at semicolons that end a line outside `$$` bodies: PGlite takes one statement at a time. The files are
 * our own, so the rule covers only what they use.
 */
function statementsOf(text: string): string[] {
  const statements: string[] = []
  let current = ''
  let inBody = false
  for (const line of text.split('\n')) {
    if (!inBody && /^\s*--/.test(line)) continue
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) inBody = !inBody
    current += `${line}\n`
    if (!inBody && line.trimEnd().endsWith(';')) {
      statements.push(current.trim())
      current = ''
    }
  }
  if (current.trim() !== '') statements.push(current.trim())
  return statements
}
