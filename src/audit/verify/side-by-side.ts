import type { Kysely, RawBuilder } from 'kysely'
import { openCursor } from '../../store/cursors.ts'
import { RECORD_IN_ORDER, type RecordRows } from '../../store/record-in-order.ts'
import type { Tables } from '../../store/tables.ts'

/** All rows and entries about one id. */
export type Group = { readonly id: string } & { readonly [T in keyof RecordRows]: readonly RecordRows[T][] }

type Name = keyof RecordRows
const NAMES = Object.keys(RECORD_IN_ORDER) as readonly Name[]

/**
 * Rows of one FETCH: so many of each table are in memory, twice. More are no faster, and leave V8 more garbage: with five times
 * as many a verification takes 235 MB instead of 205.
 */
const PIECES: Readonly<Record<Name, number>> = {
  entries: 400,
  events: 100,
  notifications: 100,
  attempts: 200,
  replays: 100,
  resolutions: 200,
  silences: 20,
  actions: 100,
  pagerAlerts: 100,
  escalations: 100,
  archived: 100,
}
/** Ids that are given at once. */
const GROUPS = 100

/** Reads the record and its entries side by side, in the order of ids, each table once. */
export async function* groupsById(transaction: Kysely<Tables>): AsyncGenerator<readonly Group[], void> {
  const lanes: Lane<Name>[] = []
  for (const name of NAMES) lanes.push(await openLane(transaction, name))
  try {
    for (let groups: Group[] = []; ; groups = []) {
      while (groups.length < GROUPS) {
        for (const lane of lanes) if (lane.isDrained()) await lane.refill()
        let id: string | undefined
        for (const lane of lanes) {
          const key = lane.key()
          // As texts, UUIDs have the order that PostgreSQL gives them.
          if (key !== undefined && (id === undefined || key < id)) id = key
        }
        if (id === undefined) break
        const group: Record<string, unknown> = { id }
        for (const lane of lanes) {
          const rows = lane.take(id)
          while (lane.isDrained()) {
            await lane.refill()
            rows.push(...lane.take(id))
          }
          group[lane.name] = rows
        }
        groups.push(group as Group)
      }
      if (groups.length === 0) break
      yield groups
    }
  } finally {
    for (const lane of lanes) await lane.close()
  }
}

/** The rows of one table that are read and not yet taken. */
interface Lane<N extends Name> {
  readonly name: N
  /** The id of the next row; undefined at the end. */
  key(): string | undefined
  /** Takes the next rows of this id. */
  take(id: string): RecordRows[N][]
  /** True where all rows that were read are taken, and there are more. */
  isDrained(): boolean
  refill(): Promise<void>
  close(): Promise<void>
}

async function openLane<N extends Name>(transaction: Kysely<Tables>, name: N): Promise<Lane<N>> {
  const cursor = await openCursor(transaction, `verify_${name}`, RECORD_IN_ORDER[name] as RawBuilder<RecordRows[N]>)
  const fetch = () => {
    const fetched = cursor.fetch(PIECES[name])
    // Where the reader stops, nobody waits for it any more.
    fetched.catch(() => undefined)
    return fetched
  }
  let rows: readonly RecordRows[N][] = []
  let next = 0
  let ended = false
  let ahead = fetch()
  return {
    name,
    key: () => rows[next]?.key,
    take(id) {
      const from = next
      while (rows[next]?.key === id) next += 1
      return rows.slice(from, next)
    },
    isDrained: () => next === rows.length && !ended,
    async refill() {
      rows = await ahead
      next = 0
      ended = rows.length < PIECES[name]
      // PostgreSQL reads the next piece while this one is compared.
      if (!ended) ahead = fetch()
    },
    async close() {
      await ahead.catch(() => undefined)
      // In a transaction that has failed there is nothing to close.
      await cursor.close().catch(() => undefined)
    },
  }
}
