import { embeddedFolder, freshDatabase } from '../services/database.ts'

/** The two databases. */
export const KINDS = ['embedded', 'postgres'] as const

/** An empty database of one kind, as settings. */
export async function emptyStore(kind: (typeof KINDS)[number]): Promise<Readonly<Record<string, string>>> {
  return kind === 'embedded' ? { TEAMS_DATA_DIR: embeddedFolder() } : { DATABASE_URL: (await freshDatabase()).url }
}
