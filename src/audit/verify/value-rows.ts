import type { StoredValue } from '../../store/audit-values-in-order.ts'
import { isHashed } from './compare.ts'
import { differs, type Findings } from './found.ts'
import { readEntry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_audit_values'

/** Compares a value with its hash in the entry. A value that is gone was erased. */
export function checkValue(
  { id, field, salt, value, created_at, body }: StoredValue,
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const entry = body === null || created_at === null ? undefined : readEntry({ id, created_at, body })
  if (entry !== undefined) {
    if (!isHashed(entry.fields[field], salt, value)) findings.add(differs(TABLE, id, 'value', entry, field))
    return
  }
  // Values leave after the entries of their month.
  if (trail.removedBefore('teams_notifications') === '')
    findings.add({ code: 'row_not_backed', table: TABLE, id, detail: `no entry has the hash of ${field}` })
}
