import { formatProofFile } from '../audit/proof-file.ts'
import { tilesOf } from '../audit/seal.ts'
import { IncompleteTile, inclusionProof } from '../audit/tiles.ts'
import { leafHash } from '../audit/tree.ts'
import { rootFromInclusion } from '../audit/verify-proof.ts'
import type { AuditEntryQuery, AuditEntryView } from '../contract/audit.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { type Origin, readOrigins, readSignedCheckpoint } from '../store/audit-tree.ts'
import type { Database } from '../store/database.ts'
import {
  type EntryFilter,
  type EntryPosition,
  type ReadEntry,
  readEntries,
  readSubjects,
} from '../store/read-entries.ts'

/** Makes the use cases with which an auditor reads and checks the trail. All of them only read. */
export function createAudit({
  database: { kysely },
}: {
  readonly database: Pick<Database, 'kysely'>
}): Pick<GatewayService, 'listAuditEntries' | 'auditCheckpoint' | 'auditProof'> {
  async function findOrigin(name: string | undefined): Promise<Origin> {
    const origins = await readOrigins(kysely)
    const origin = name === undefined ? origins.at(-1) : origins.find((one) => one.name === name)
    if (origin !== undefined) return origin
    if (name === undefined) throw new GatewayError('audit_not_signed')
    const names = origins.map((one) => one.name).join(', ')
    throw new GatewayError('not_found', [
      { at: 'origin', found: 'the name of a tree that there is not', expected: names === '' ? 'no name' : names },
    ])
  }

  async function findSigned(origin: Origin) {
    const checkpoint = await readSignedCheckpoint(kysely, origin.id)
    if (checkpoint !== undefined) return checkpoint
    throw new GatewayError('audit_not_signed', [
      {
        at: 'origin',
        found: `the tree ${origin.name}, for which there was no key`,
        expected: `TEAMS_AUDIT_KEY with a key of this name ("claimlinc-teams audit keygen --origin '${origin.name}'")`,
      },
    ])
  }

  return {
    async listAuditEntries(query) {
      const { limit, raw, unsealed } = query
      if (query.correlationId?.includes('\0')) return { entries: [], nextCursor: null }
      const [origins, subjects] = [await readOrigins(kysely), await subjectsOf(query)]
      const origin = query.origin === undefined ? undefined : await findOrigin(query.origin)
      const filter: EntryFilter = {
        since: query.since,
        until: query.until,
        kind: query.kind,
        id: query.id,
        subjects,
        originId: origin?.id,
      }
      const from = startOf(query, origin ?? origins.at(-1))
      // An older tree has got all its entries.
      const complete = origin !== undefined && origin.id !== origins.at(-1)?.id
      const found = await readEntries(kysely, filter, from, { unsealed: unsealed && !complete, limit: limit + 1 })
      const page = found.slice(0, limit)
      const names = new Map(origins.map(({ id, name }) => [id, name]))
      return {
        entries: page.map((entry) => viewOf(entry, names, raw)),
        nextCursor: found.length > limit ? cursorAfter(page, from) : null,
      }
    },
    auditCheckpoint: async (origin) => (await findSigned(await findOrigin(origin))).note,
    async auditProof(index, name) {
      const origin = await findOrigin(name)
      const checkpoint = await findSigned(origin)
      const { size, root, note } = checkpoint
      if (index >= size)
        throw new GatewayError('not_found', [
          {
            at: 'index',
            found: `${index}, and the newest signed checkpoint of ${origin.name} covers ${size} entries`,
            expected: `a number below ${size}; an entry is sealed within 2 s`,
          },
        ])
      const tiles = tilesOf(kysely, origin.id)
      try {
        const proof = await inclusionProof(index, size, tiles)
        const [leaf] = (await tiles.read(0, Math.floor(index / 256), (index % 256) + 1)).slice(-1)
        if (leaf && rootFromInclusion(leaf, index, size, proof)?.equals(root))
          return formatProofFile({ index, proof, checkpoint: note })
      } catch (error) {
        if (!(error instanceof IncompleteTile)) throw error
      }
      // A proof that no verifier accepts would look like a mistake of the auditor.
      throw new GatewayError('audit_not_intact', [
        {
          at: origin.name,
          found: `a tree that does not lead from entry ${index} to the signed root`,
          expected: 'the leaves and nodes that were sealed',
        },
      ])
    },
  }

  async function subjectsOf(query: AuditEntryQuery): Promise<readonly string[] | undefined> {
    const { eventId, notificationId, subject, correlationId } = query
    const sets = [
      ...(subject === undefined ? [] : [[subject]]),
      ...(notificationId === undefined ? [] : [[notificationId]]),
      ...(eventId === undefined ? [] : [await readSubjects(kysely, { eventId })]),
      ...(correlationId === undefined ? [] : [await readSubjects(kysely, { correlationId })]),
    ]
    const [first, ...others] = sets
    return first?.filter((id) => others.every((set) => set.includes(id)))
  }
}

function startOf({ cursor, from = 0, origin: name }: AuditEntryQuery, origin: Origin | undefined): EntryPosition {
  if (cursor !== undefined) return readCursor(cursor)
  const inTree = name !== undefined || from > 0
  return { originId: inTree ? (origin?.id ?? 0) : 0, index: from, afterId: 0 }
}

/** `<tree>.<next index>`, and after entries that are not sealed `.<id of the last one>`. */
function cursorAfter(page: readonly ReadEntry[], from: EntryPosition): string {
  const leaf = page.findLast((entry) => entry.leaf !== undefined)?.leaf
  const { originId, index } = leaf ? { originId: leaf.originId, index: leaf.index + 1 } : from
  const waiting = page.filter((entry) => entry.leaf === undefined).map(({ id }) => id)
  const afterId = Math.max(from.afterId, ...waiting)
  return [originId, index, ...(afterId > 0 ? [afterId] : [])].join('.')
}

function readCursor(cursor: string): EntryPosition {
  const numbers = /^(\d{1,9})\.(\d{1,15})(?:\.(\d{1,15}))?$/.exec(cursor)
  if (numbers === null)
    throw new GatewayError('invalid_request', [
      { at: 'cursor', found: 'something else', expected: 'next_cursor of the page before' },
    ])
  const [, originId, index, afterId = 0] = numbers
  return { originId: Number(originId), index: Number(index), afterId: Number(afterId) }
}

function viewOf({ id, leaf, body }: ReadEntry, names: ReadonlyMap<number, string>, raw: boolean): AuditEntryView {
  const hash = leaf?.hash ?? (body && leafHash(body))
  return {
    origin: leaf === undefined ? null : (names.get(leaf.originId) ?? null),
    index: leaf?.index ?? null,
    id,
    leafHash: hash?.toString('hex') ?? '',
    entry: raw || body === undefined ? null : parse(body),
    bytes: body?.toString('base64') ?? null,
  }
}

/** The entry's object; null for bytes that somebody changed to something else. */
function parse(body: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString())
    return isObject(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}
