import { readFileSync } from 'node:fs'

const read = (file: string) => readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')

/** The SQL statements of the user's own deployment checklist, as they stand there. */
export const SEED_QUERIES: readonly string[] = read('checklist-queries.sql')
  .split(/^-- query$/m)
  .map((query) => query.trim())
  .filter((query) => query !== '')

/** The checklist's query that has this text in it. */
export function seedQuery(part: string): string {
  const found = SEED_QUERIES.find((query) => query.includes(part))
  if (found === undefined) throw new Error(`the checklist has no query with ${part}`)
  return found
}

/** The platform's own queries beyond the checklist, by name. */
export const PLATFORM_QUERIES: ReadonlyMap<string, string> = new Map(
  read('platform-queries.sql')
    .split(/^-- query: /m)
    .filter((part) => part.trim() !== '')
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n')).trim()]),
)
