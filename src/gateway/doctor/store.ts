import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sql } from 'kysely'
import { z } from 'zod'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import { auditEntryPageWire } from '../../contract/audit.ts'
import { readinessWire } from '../../contract/health.ts'
import { ERROR_CODES } from '../../kernel/error-codes.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import { EXIT, exitCodeOf } from '../../kernel/exit-codes.ts'
import type { Settings } from '../../settings/table.ts'
import { countByArchiveKey } from '../../store/archive.ts'
import { type ChannelRow, hasSentToTeams, readChannels } from '../../store/channels.ts'
import type { Database } from '../../store/database.ts'
import { databaseError } from '../../store/database-error.ts'
import { createMigrations } from '../../store/migrations.ts'
import { openDatabase } from '../../store/open-database.ts'
import { problemOfPlace } from '../../store/private-folder.ts'
import { GRANT_CREATE, readRights } from '../../store/rights.ts'
import { engineSchemaOf } from '../../store/schema.ts'
import { sslModeOf, withExplicitSslMode } from '../../store/ssl-mode.ts'
import { askLocal, findLocalGateway, tokenFor } from '../local-gateway.ts'
import { checkAnchorFolder } from './anchors.ts'
import { type CheckedAudit, checkAuditStore } from './audit.ts'
import { checkEscalation } from './escalation.ts'
import { type Finding, fine, noted, wrong, wrongSetting } from './finding.ts'
import { checkHeartbeats } from './heartbeats.ts'

/** Findings about the database, and its rows of channels. */
export interface CheckedStore {
  readonly findings: readonly Finding[]
  /** Undefined if the database could not be read. */
  readonly channels: ReadonlyMap<string, ChannelRow> | undefined
  /** True if cards of this database went to real channels. */
  readonly sentToTeams: boolean
  /** Undefined if the audit trail could not be read. */
  readonly audit: CheckedAudit | undefined
  /** How many archived records each archive key wraps; undefined if they could not be read. */
  readonly archived: ReadonlyMap<string, number> | undefined
}

const NOT_READ = { channels: undefined, sentToTeams: false, audit: undefined, archived: undefined } as const

/** Checks the database, its schema and the job engine. Changes nothing: a missing folder or schema is not created. */
export async function checkStore(settings: Settings, catalogue: Catalogue): Promise<CheckedStore> {
  const folder = settings.TEAMS_DATA_DIR
  if (settings.DATABASE_URL === undefined && !existsSync(join(folder, 'pglite')))
    return { findings: [await checkNewFolder(folder)], ...NOT_READ }
  let database: Database
  try {
    database = await openDatabase(settings)
  } catch (error) {
    if (isGatewayError(error, 'data_dir_in_use')) return { ...NOT_READ, ...(await askHolder(settings)) }
    const { code, problems } = databaseError(error)
    const exit = exitCodeOf(code)
    const findings = problems.map((problem) => wrongSetting('database', problem, exit))
    if (findings.length > 0) return { findings, ...NOT_READ }
    return { findings: [wrong('database', ERROR_CODES[code].title, ERROR_CODES[code].todo, exit)], ...NOT_READ }
  }
  try {
    return await checkDatabase(database, settings, catalogue)
  } catch (error) {
    const { code } = databaseError(error)
    const finding = wrong('database', ERROR_CODES[code].title, ERROR_CODES[code].todo, exitCodeOf(code))
    return { findings: [finding], ...NOT_READ }
  } finally {
    await database.close()
  }
}

async function checkDatabase(database: Database, settings: Settings, catalogue: Catalogue): Promise<CheckedStore> {
  const { kysely } = database
  const { rows } = await sql<{ version: string }>`SELECT current_setting('server_version') AS version`.execute(kysely)
  const version = rows[0]?.version.split(' ')[0] ?? 'unknown'
  const where = database.kind === 'embedded' ? `embedded in ${settings.TEAMS_DATA_DIR}` : 'at DATABASE_URL'
  const encryption = settings.DATABASE_URL === undefined ? '' : await encryptionOf(database, settings.DATABASE_URL)
  const migration = await checkMigration(database, settings)
  const engine = await checkEngine(database)
  const escalation = migration.status === 'ok' ? [await checkEscalation(settings, kysely)] : []
  const heartbeats = migration.status === 'ok' ? await checkHeartbeats(catalogue, kysely) : []
  return {
    findings: [
      fine('database', `PostgreSQL ${version} ${where} answers${encryption}`),
      migration,
      engine,
      ...escalation,
      ...heartbeats,
    ],
    ...(migration.status === 'ok'
      ? {
          channels: await readChannels(kysely),
          sentToTeams: await hasSentToTeams(kysely),
          audit: await checkAudit(database, settings),
          archived: await countByArchiveKey(kysely),
        }
      : NOT_READ),
  }
}

async function checkAudit(database: Database, settings: Settings): Promise<CheckedAudit> {
  const audit = await checkAuditStore(database)
  const anchors = await checkAnchorFolder(database.kysely, settings.TEAMS_AUDIT_ANCHOR_FOLDER)
  return { ...audit, findings: [...audit.findings, ...anchors] }
}

/** Encryption of the connection. Says so if the driver reads `sslmode` more strictly than libpq does. */
async function encryptionOf({ kysely }: Database, url: string): Promise<string> {
  const { rows } = await sql<{ ssl: boolean }>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.execute(kysely)
  if (!rows[0]?.ssl) return ', without TLS'
  const mode = sslModeOf(url)
  const stricter = withExplicitSslMode(url) === url ? '' : `; sslmode=${mode} is read as verify-full`
  return `, over TLS${stricter}`
}

async function checkMigration({ kysely }: Database, { TEAMS_MIGRATE }: Settings): Promise<Finding> {
  const migrations = await createMigrations(kysely).status()
  const missing = migrations.filter(({ appliedAt }) => appliedAt === undefined).map(({ name }) => name)
  if (missing.length === 0) return fine('migration', `the schema is up to date (${migrations.at(-1)?.name})`)
  const detail = `not applied: ${missing.join(', ')}`
  if (TEAMS_MIGRATE && !(await readRights(kysely)).migrate)
    return wrong(
      'migration',
      `${detail}; the user of DATABASE_URL may not change the schema`,
      GRANT_CREATE,
      exitCodeOf('database_not_migrated'),
    )
  return TEAMS_MIGRATE
    ? noted('migration', detail, 'The next start applies it, or "claimlinc-teams migrate up" now.')
    : wrong('migration', detail, ERROR_CODES.database_not_migrated.todo, exitCodeOf('database_not_migrated'))
}

/** Checks the schema of pg-boss, which creates it at the first start of a gateway. */
async function checkEngine({ kysely }: Database): Promise<Finding> {
  const schema = await engineSchemaOf(kysely)
  const { rows } = await sql<{ table: string | null }>`
    SELECT to_regclass(${`${schema}.version`})::text AS "table"`.execute(kysely)
  if (!rows[0]?.table)
    return (await readRights(kysely)).createSchema
      ? noted('engine', 'not installed yet', 'The first start installs it.')
      : wrong(
          'engine',
          `not installed yet; the user of DATABASE_URL may not make its schema ${schema}`,
          GRANT_CREATE,
          exitCodeOf('database_not_migrated'),
        )
  const version = await sql<{ version: number }>`SELECT version FROM ${sql.table(`${schema}.version`)}`.execute(kysely)
  return fine('engine', `pg-boss is installed, schema ${version.rows[0]?.version}`)
}

async function checkNewFolder(folder: string): Promise<Finding> {
  let place = resolve(folder)
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place)
  const problem = await problemOfPlace(place)
  return problem === undefined
    ? noted('database', `the embedded database in ${folder} is not made yet`, 'The first start makes it.')
    : wrong(
        'database',
        `TEAMS_DATA_DIR: ${place} ${problem}`,
        'Let this user write there, or set TEAMS_DATA_DIR to another folder.',
        EXIT.usage,
      )
}

/** Asks the gateway that has the embedded database open for its readiness; normal while a gateway runs. */
async function askHolder(settings: Settings): Promise<Pick<CheckedStore, 'findings' | 'audit'>> {
  const origin = await findLocalGateway(settings)
  if (origin === undefined) {
    const { title, todo } = ERROR_CODES.data_dir_in_use
    const detail = `${title}, and no gateway answers on this machine`
    return { findings: [wrong('database', detail, todo, exitCodeOf('data_dir_in_use'))], audit: undefined }
  }
  const readiness = readinessWire.safeParse(await askLocal(`${origin}/readyz`))
  const checks = readiness.success ? readiness.data.checks : [{ name: 'database', ok: false, detail: 'no answer' }]
  const findings = checks.map(({ name, ok, detail }) =>
    ok
      ? fine(name, `${detail}, says the gateway at ${origin}`)
      : wrong(name, `${detail}, says the gateway at ${origin}`, 'Look into its log.', EXIT.unreachable),
  )
  return { findings, audit: await askForTree(origin, tokenFor(settings, 'read')) }
}

/** Asks a gateway for the name of its audit tree, which the first entry of the newest tree has. */
async function askForTree(gateway: string, token: string | undefined): Promise<CheckedAudit | undefined> {
  const answer = await askLocal(`${gateway}/v1/audit/entries?from=0&limit=1&unsealed=false`, token)
  const page = z.safeDecode(auditEntryPageWire, answer as z.input<typeof auditEntryPageWire>)
  const name = page.data?.entries[0]?.origin ?? undefined
  return name === undefined ? undefined : { origin: name, findings: [] }
}
