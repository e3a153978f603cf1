import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { AUDIT_ENTRIES } from '../../src/contract/audit-entries.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = globSync(['src/**/*.ts', 'migrations/*.up.sql'], { cwd: root, exclude: ['src/**/*.test.ts'] })
const texts = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')

/** True where a call, a change of `src/store/state-changes.ts` or a routine of `migrations/` writes entries of this kind. */
function isWritten(kind: string, sources: string): boolean {
  const name = kind.replaceAll('.', '\\.')
  return new RegExp(`\\b(insertEntry\\(\\s*\\w+,\\s*|entriesSql\\(\\s*|entry: |teams_audit_body\\(\\s*)'${name}'`).test(
    sources,
  )
}

describe('every kind of entry', () => {
  it.each(Object.keys(AUDIT_ENTRIES))('%s is written somewhere', (kind) => {
    expect(isWritten(kind, texts)).toBe(true)
  })

  it.each([
    "await insertEntry(\n  transaction,\n  'x.done',\n  { count: 1 },\n)",
    "entriesSql('x.done', 'done_entries', sql`NULL`, fields, from)",
    "'x.done': { of: 'event', means: 'Done', entry: 'x.done' }",
    "VALUES (teams_audit_body('x.done', format('{}')))",
  ])('counts as written by %s', (source) => {
    expect(isWritten('x.done', source)).toBe(true)
  })

  it.each(["'x.done': { fields: {}, means: 'Done' }", "insertEntry(db, 'x.done_late', {})", "// adds 'x.done'"])(
    'does not count as written by %s',
    (source) => {
      expect(isWritten('x.done', source)).toBe(false)
    },
  )
})
