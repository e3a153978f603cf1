import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { loadSettings } from '../../settings/load.ts'
import type { Database } from '../../store/database.ts'
import { databaseError } from '../../store/database-error.ts'
import { fillFirstPosts } from '../../store/first-posts.ts'
import { createMigrations } from '../../store/migrations.ts'
import { holdsEvents, openDatabase } from '../../store/open-database.ts'
import { inColumns } from '../columns.ts'
import { readEnvironment } from '../environment.ts'
import type { Output } from '../output.ts'

/** `migrate up` */
export function migrateUp(output: Output): Promise<ExitCode> {
  return withDatabase(output, async ({ kysely }) => {
    output.progress('Applying migrations …')
    const applied = await createMigrations(kysely).up()
    output.progress('Completing rows of earlier versions …')
    const { rows } = await fillFirstPosts(kysely, () => false)
    output.answer({ applied })
    for (const name of applied) output.print(`applied ${name}`)
    if (rows > 0) output.print(`completed ${rows} rows of earlier versions`)
    if (applied.length === 0) output.print('Nothing to do: the schema is up to date.')
    return EXIT.ok
  })
}

/** `migrate down`: undoes the newest migration, which drops the tables that it made, with their rows. */
export function migrateDown({ yes }: { yes?: boolean }, output: Output): Promise<ExitCode> {
  return withDatabase(output, async (database) => {
    if (!yes && (await holdsEvents(database)))
      throw new GatewayError('invalid_request', [
        {
          at: 'migrate down',
          found: 'a database that holds events, which may be lost',
          expected: '--yes, if that is meant',
        },
      ])
    const takenBack = await createMigrations(database.kysely).down()
    output.answer({ taken_back: takenBack ?? null })
    output.print(takenBack === undefined ? 'Nothing to do: no migration is applied.' : `took back ${takenBack}`)
    return EXIT.ok
  })
}

/** `migrate status`: exit code `ok` if every migration is applied. */
export function migrateStatus(output: Output): Promise<ExitCode> {
  return withDatabase(output, async ({ kysely }) => {
    const migrations = await createMigrations(kysely).status()
    const upToDate = migrations.every(({ appliedAt }) => appliedAt !== undefined)
    output.answer({
      up_to_date: upToDate,
      migrations: migrations.map(({ name, appliedAt }) => ({ name, applied_at: appliedAt ?? null })),
    })
    for (const line of inColumns(
      migrations.map(({ name, appliedAt }) => [
        name,
        appliedAt ? `applied ${appliedAt.toISOString()}` : output.paint('yellow', 'not applied'),
      ]),
    ))
      output.print(line)
    if (!upToDate) output.print('Run "claimlinc-teams migrate up".')
    return upToDate ? EXIT.ok : EXIT.no
  })
}

async function withDatabase(output: Output, run: (database: Database) => Promise<ExitCode>): Promise<ExitCode> {
  const settings = loadSettings(readEnvironment('error'))
  output.progress('Opening the database …')
  const database = await openDatabase(settings)
  try {
    return await run(database)
  } catch (error) {
    throw databaseError(error)
  } finally {
    await database.close()
  }
}
