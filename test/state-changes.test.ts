import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { STATE_CHANGES } from '../src/store/state-change-table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/**/*.test.ts', 'src/store/state-changes.ts'] }).sort()

/** The audit trail's own tables: they record changes of state and are none. Files may add rows to them. */
const ADDS_ENTRIES = /^INSERT INTO teams_audit_/

/** A statement that changes rows: of a table of the record by name, or of one whose name is put in. */
const WRITES =
  /\b(INSERT\s+INTO|(?<!\b(?:FOR|DO|KEY)\s+)UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(\s+TABLE)?)\s+(ONLY\s+)?"?(\$\{|teams_)/gi
const THROUGH_CHANGE_ROWS = /\bchangeRows\(\s*'[a-z_.]+',\s*'[a-z_]+',\s*sql`\s*$/
const THROUGH_CHANGE_TABLES = /\bchangeTables\(\s*'[a-z_.]+',\s*sql(<[^`]*>)?`\s*(SELECT|CALL)\s+$/
/** Kysely's own way to change rows, which no change of state uses. */
const BUILDERS = /\.(insertInto|updateTable|deleteFrom|mergeInto|replaceInto)\(/g

/** The routines of `migrations/` that change rows or drop tables, without triggers. */
function writingRoutines(): readonly string[] {
  const texts = globSync('migrations/*.up.sql', { cwd: root }).map(read)
  const routines = texts.flatMap((text) => [
    ...text.matchAll(/CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) (\w+)\([\s\S]*?\$\$([\s\S]*?)\$\$/g),
  ])
  const writing = routines.filter(([, , body = '']) => /\b(INSERT INTO|UPDATE|DELETE FROM|DROP TABLE)\b/.test(body))
  // Called by the other routines and by migrations alone.
  const parts = ['teams_move_from_default', 'teams_audit_removed', 'teams_audit_protect']
  return [...new Set(writing.map(([, name = '']) => name))].filter((name) => !parts.includes(name)).sort()
}

/** The statements of a source text that change rows past `src/store/state-changes.ts`, from where they begin. */
function changesPast(source: string, routines: readonly string[]): readonly string[] {
  // Blanked and not cut out, so that what stands before a statement stays before it.
  const text = source.replace(/^\s*(\/\*\*[\s\S]*?\*\/|\/\/.*$)/gm, '')
  const unnamed = (matches: Iterable<RegExpMatchArray>, through?: RegExp) =>
    [...matches]
      .filter(({ index = 0 }) => !through?.test(text.slice(0, index)))
      .map(({ index = 0 }) => text.slice(index, index + 60).split('\n')[0] ?? '')
  return [
    ...unnamed(text.matchAll(WRITES), THROUGH_CHANGE_ROWS).filter((found) => !ADDS_ENTRIES.test(found)),
    ...unnamed(text.matchAll(BUILDERS)),
    ...unnamed(text.matchAll(new RegExp(`\\b(${routines.join('|')})\\(`, 'g')), THROUGH_CHANGE_TABLES),
  ]
}

describe('changes of state', () => {
  const routines = writingRoutines()

  it('are made by three routines of migrations/, and by statements of src/', () => {
    expect(routines).toEqual(['teams_apply_retention', 'teams_ensure_partitions', 'teams_move_past_month'])
  })

  it('all go through src/store/state-changes.ts, where each has a name', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(files.flatMap((file) => changesPast(read(file), routines).map((found) => `${file}: ${found}`))).toEqual([])
  })

  it('all have a statement that makes them', () => {
    const texts = files.map(read).join('\n')
    const made = [...texts.matchAll(/\bchange(?:Rows|Tables)\(\s*'([a-z_.]+)'/g)].map(([, name = '']) => name)
    expect([...new Set(made)].sort()).toEqual(Object.keys(STATE_CHANGES).sort())
  })

  it.each([
    ["await sql`UPDATE teams_notifications SET state = 'failed'`.execute(db)"],
    [`sql\`, moved AS (\n      UPDATE \${notifications} n\n         SET reason = NULL\n    )\``],
    ['sql`WITH x AS (INSERT INTO teams_attempts SELECT * FROM y) SELECT 1`'],
    ['sql`DELETE FROM ONLY "teams_events_2026_11"`'],
    ['sql`truncate teams_silences`'],
    ['sql`DELETE FROM teams_audit_entries WHERE id = 1`'],
    ['sql`UPDATE teams_audit_leaves SET hash = NULL`'],
    ["changeRows('silence.ended', 'ended', sql`SELECT 1`) + sql`UPDATE teams_silences s SET ended_at = now()`"],
    ["await db.updateTable('teams_silences').set({ ended_by: by }).execute()"],
    ['sql`CALL teams_apply_retention(1, 1)`'],
  ])('without src/store/state-changes.ts are found: %s', (source) => {
    expect(changesPast(source, routines)).toHaveLength(1)
  })

  it.each([
    ["changeRows(\n  'silence.ended',\n  'ended',\n  sql`\n    UPDATE teams_silences s SET ended_at = now()`,\n)"],
    ["changeTables('record.removed', sql<Row>`CALL teams_apply_retention(1, 1)`)"],
    ['sql`SELECT 1 FROM teams_channels FOR UPDATE`'],
    [`sql\`SELECT id FROM \${notifications} n FOR NO KEY UPDATE SKIP LOCKED\``],
    ['/**\n * UPDATE teams_notifications in a comment.\n */'],
  ])('are not found in reads, comments and named changes: %s', (source) => {
    expect(changesPast(source, routines)).toEqual([])
  })
})
