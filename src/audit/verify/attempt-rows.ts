import type { Json } from '../../kernel/json.ts'
import type { StoredAttempt } from '../../store/record-in-order.ts'
import { isHashed } from './compare.ts'
import { differs, type Findings, mayBeEarlierVersion, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_attempts'

/** Fields of an attempt by its entries, each with the entry that says so. */
interface Expected {
  readonly entry: Entry
  /** False where the entry that it was made or interrupted is missing. */
  readonly begun: boolean
  readonly values: Map<string, { readonly value: Json | undefined; readonly entry: Entry }>
}

type Holds = (row: StoredAttempt, value: Json | undefined, salt: string | null) => boolean

/** Whether each column of an attempt is as the field of its entries says. */
const COLUMNS: readonly (readonly [column: string, field: string, holds: Holds])[] = [
  ['outcome', 'outcome', (row, value) => row.outcome === value],
  ['status_code', 'attempt_status', (row, value) => row.status_code === value],
  ['error_code', 'error_code', (row, value, salt) => isHashed(value, salt, row.error_code)],
  ['message', 'message', (row, value, salt) => isHashed(value, salt, row.message)],
  ['started_at', 'started_at', (row, value) => row.started_at === value],
  ['finished_at', 'finished_at', (row, value) => row.finished_at === value],
  ['repeat', 'repeat', (row, value) => row.repeat === value],
]

/** The attempts that have rows by the entries about a notification, by their number. */
function expectedAttempts(entries: readonly Entry[], findings: Findings, id: string): Map<number, Expected> {
  const expected = new Map<number, Expected>()
  const put = (entry: Entry, fields: Readonly<Record<string, Json | undefined>>) => {
    const number = Number(entry.fields.attempt)
    const before = expected.get(number)
    // A number is given once: only what is known later may change it.
    if (before && entry.kind !== 'attempt.result_known_late')
      findings.add(notBacked(TABLE, id, entry, `row of a second attempt ${number}`))
    const values = new Map(before?.values)
    for (const [name, value] of Object.entries(fields)) values.set(name, { value, entry })
    expected.set(number, { entry, values, begun: before?.begun ?? entry.kind !== 'attempt.result_known_late' })
  }
  for (const entry of entries) {
    const { kind, fields } = entry
    // Without the notification's row there was no salt, so the texts of the attempt have no hash.
    const { error_code, message, ...others } = fields
    if (kind === 'attempt.finished' && fields.posted === true) put(entry, fields.state === null ? others : fields)
    if (kind === 'attempt.interrupted')
      put(entry, { ...fields, outcome: 'interrupted', attempt_status: null, error_code: null, message: null })
    if (kind === 'attempt.result_known_late') put(entry, fields)
    if (kind === 'attempt.never_made') expected.delete(Number(fields.attempt))
  }
  return expected
}

/**
 * Compares the attempts of a notification with their entries.
 *
 * @param notification its row; `created_at` is undefined and `salt` null where it is gone
 * @returns how many rows a gateway of an earlier version wrote
 */
export function checkAttempts(
  notification: {
    readonly id: string
    readonly created_at: string | undefined
    readonly salt: string | null
  },
  rows: readonly StoredAttempt[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): number {
  const { id, created_at, salt } = notification
  const expected = expectedAttempts(entries, findings, id)
  let earlier = 0
  for (const row of rows) {
    const attempt = expected.get(row.attempt)
    expected.delete(row.attempt)
    if (attempt === undefined) {
      // Of a later notification no attempt is from before the trail, and none was adopted.
      const { beganAt } = trail
      if (beganAt !== undefined && row.finished_at < beganAt && row.created_at < beganAt) continue
      if (mayBeEarlierVersion(trail, row.finished_at)) {
        earlier += 1
        findings.addEarlierVersion(TABLE)
      } else
        findings.add({
          code: 'row_not_backed',
          table: TABLE,
          id,
          detail: `no entry says that attempt ${row.attempt} was made`,
        })
      continue
    }
    // Interrupted by a gateway of an earlier version.
    if (!attempt.begun && mayBeEarlierVersion(trail, row.started_at)) earlier += 1
    const name = `attempt ${row.attempt}`
    if (created_at !== undefined && row.created_at !== created_at)
      findings.add(differs(TABLE, id, 'created_at', attempt.entry, name))
    for (const [column, field, holds] of COLUMNS) {
      const said = attempt.values.get(field)
      if (said !== undefined && !holds(row, said.value, salt))
        findings.add(differs(TABLE, id, column, said.entry, name))
    }
  }
  for (const [number, { entry }] of expected) findings.add(notBacked(TABLE, id, entry, `row of attempt ${number}`))
  return earlier
}
