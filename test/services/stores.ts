import { cpSync } from 'node:fs'
import { inject } from 'vitest'
import { embeddedFolder, freshDatabase } from './database.ts'
import { embeddedTemplate, emptyTemplate, POSTGRES_TEMPLATE } from './store-templates.ts'

/** The two databases. */
export const KINDS = ['embedded', 'postgres'] as const

export type Kind = (typeof KINDS)[number]

// An alias, because an interface can not be passed where any names of settings may stand.
type PostgresStore = { readonly DATABASE_URL: string }
type EmbeddedStore = { readonly TEAMS_DATA_DIR: string }

/** A database as settings. */
export type Store = PostgresStore | EmbeddedStore

/**
 * Makes a database on which a gateway of this version has started once: the newest schema, and no event. A copy of the run's
 * template: on the embedded database a start without one takes 4 s more of CPU.
 */
export async function startedStore(kind: 'postgres'): Promise<PostgresStore>
export async function startedStore(kind: 'embedded'): Promise<EmbeddedStore>
export async function startedStore(kind: Kind): Promise<Store>
export async function startedStore(kind: Kind): Promise<Store> {
  if (kind === 'postgres') return { DATABASE_URL: (await freshDatabase(POSTGRES_TEMPLATE)).url }
  return { TEAMS_DATA_DIR: copyOf(embeddedTemplate(inject('temporaryFolder'))) }
}

function copyOf(template: string): string {
  const folder = embeddedFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

/**
 * Makes a database without tables, on which no gateway has ever started: for tests of the first start, and of migrations. The
 * embedded one is a copy of the run's: making its files takes 2.5 s of CPU.
 */
export async function untouchedStore(kind: 'embedded'): Promise<EmbeddedStore>
export async function untouchedStore(kind: Kind): Promise<Store>
export async function untouchedStore(kind: Kind): Promise<Store> {
  return kind === 'embedded'
    ? { TEAMS_DATA_DIR: copyOf(emptyTemplate(inject('temporaryFolder'))) }
    : { DATABASE_URL: (await freshDatabase()).url }
}
