import type { RefusedLink } from '../contract/link-refusals.ts'
import type { Database } from '../store/database.ts'
import { insertEntry } from '../store/insert-entry.ts'

/** What the public listener records. */
export interface RecordLinkRefusal {
  /** Adds the refusal of a link, a form or a sign-in to the audit trail, or several like it as one entry. */
  recordLinkRefusal(refusal: RefusedLink): Promise<void>
}

/** Makes the use case with which the public listener records what it refused. */
export function createLinkRefusals({
  database: { kysely },
}: {
  readonly database: Pick<Database, 'kysely'>
}): RecordLinkRefusal {
  return {
    async recordLinkRefusal({ code, notificationId, action, actor, count }) {
      const who = actor?.id ?? actor?.name ?? null
      await insertEntry(
        kysely,
        'link.refused',
        {
          refusal: code,
          notification: notificationId,
          for: action,
          count,
          via: actor?.via ?? 'unauthenticated',
          who: null,
        },
        who === null ? {} : { hashed: { who } },
      )
    },
  }
}
