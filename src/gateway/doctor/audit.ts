import { keygenCommand } from '../../audit/check-keys.ts'
import type { SecretsReport } from '../../secrets/check.ts'
import { readAuditLag } from '../../store/audit-lag.ts'
import { mayChangeAudit } from '../../store/audit-rights.ts'
import { readCheckpoint, readOrigin } from '../../store/audit-tree.ts'
import type { Database } from '../../store/database.ts'
import { type Finding, fine, noted, wrong } from './finding.ts'

/** Seconds after which an entry should long be sealed. */
const LATE_SECONDS = 60
/** A running gateway makes a checkpoint each hour, also when nothing happens. */
const OLD_CHECKPOINT_SECONDS = 2 * 3_600

/** State of the audit trail in the database. */
export interface CheckedAudit {
  /** Name of the newest tree; undefined before the first sealing. */
  readonly origin: string | undefined
  readonly findings: readonly Finding[]
}

/** Reads the state of the audit trail, of a database with the newest schema. */
export async function checkAuditStore(database: Database): Promise<CheckedAudit> {
  const { kysely, kind } = database
  const origin = await readOrigin(kysely)
  const last = origin && (await readCheckpoint(kysely, origin.id))
  const { unsealedSeconds } = await readAuditLag(database)
  const rights = kind === 'embedded' ? [] : [rightsFinding(await mayChangeAudit(kysely))]
  if (origin === undefined || last === undefined)
    return {
      origin: undefined,
      findings: [noted('audit trail', 'not sealed yet', 'The first start seals it.'), ...rights],
    }
  const ageSeconds = Math.round(last.ageMs / 1000)
  const state = `${last.size} entries are sealed in ${origin.name}; the last checkpoint is ${ageSeconds} s old and ${last.note === null ? 'not signed' : 'signed'}`
  if (unsealedSeconds > LATE_SECONDS)
    return {
      origin: origin.name,
      findings: [
        noted(
          'audit trail',
          `${state}; an entry has waited ${Math.round(unsealedSeconds)} s to be sealed`,
          'A running gateway seals within 2 s. Start one; if one runs, look for audit_ in its log.',
        ),
        ...rights,
      ],
    }
  const trail =
    ageSeconds > OLD_CHECKPOINT_SECONDS
      ? noted('audit trail', state, 'A running gateway makes a checkpoint every hour. Start one.')
      : fine('audit trail', state)
  return { origin: origin.name, findings: [trail, ...rights] }
}

function rightsFinding(mayChange: boolean): Finding {
  return fine(
    'audit rights',
    mayChange
      ? 'the user of DATABASE_URL could change the audit trail; only a checkpoint kept elsewhere shows that'
      : 'the user of DATABASE_URL may add to the audit trail and not change it',
  )
}

/** Compares the keys with the tree. Wrong key texts are problems of the secrets. */
export function checkAuditKey(report: SecretsReport, audit: CheckedAudit | undefined): Finding | undefined {
  const [current] = report.auditSigners
  const { auditKeysAt: at } = report
  const origin = audit?.origin
  if (current === undefined) {
    if (at !== undefined) return undefined
    return noted(
      'audit key',
      'no key is set: the audit trail is recorded and not signed',
      `Run ${keygenCommand(origin ?? '<name for this audit trail>')} and set TEAMS_AUDIT_KEY_FILE to that file.`,
    )
  }
  if (origin !== undefined && origin !== current.name)
    return wrong(
      'audit key',
      `${at}: a key of the name ${current.name}, and the audit tree is ${origin}`,
      `Make a key of that name: ${keygenCommand(origin)}.`,
    )
  const keyIds = report.auditSigners.map(({ keyId }) => keyId).join(' and ')
  return fine('audit key', `checkpoints of ${current.name} are signed with ${keyIds} of ${at}`)
}
