import { describe, expect, it } from 'vitest'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { signNote } from '../../src/audit/signed-note.ts'
import { createFrontier, leafHash } from '../../src/audit/tree.ts'
import { verifyListed } from '../../src/audit/verify/listed.ts'
import { createReport } from '../../src/audit/verify/report.ts'
import type { AuditEntryView } from '../../src/contract/audit.ts'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'

const ORIGIN = 'example.org/trail'
const KEY = generateKey(ORIGIN)

/** A trail whose entries have these ids, in the order of the tree, and whose last checkpoint has all of them. */
function listed(...ids: readonly number[]) {
  const frontier = createFrontier(0, [])
  const entries = ids.map((id, index): AuditEntryView => {
    const at = '2026-11-30T10:00:00.000Z'
    const body = Buffer.from(JSON.stringify({ v: 1, kind: 'record.month_moved', at, nonce: '0'.repeat(32), id }))
    frontier.append(leafHash(body))
    const hash = leafHash(body).toString('hex')
    return { origin: ORIGIN, index, id, leafHash: hash, entry: null, bytes: body.toString('base64') }
  })
  const checkpoint = formatCheckpoint({ origin: ORIGIN, size: ids.length, root: frontier.root() })
  const note = signNote(checkpoint, [readSigner(KEY.privateKey)])
  return { entries: async () => ({ entries, nextCursor: null }), checkpoint: async () => note }
}

describe('the verification of listed entries', () => {
  it('finds nothing where a transaction ended after later ones were sealed, so that ids do not rise', async () => {
    const report = createReport()
    const trail = listed(1, 2, 5, 3, 6, 4)
    const trees = await verifyListed(trail, { keys: [readVerifier(KEY.verifierKey)], anchors: [] }, report)
    expect({ findings: report.findings(), trees }).toMatchObject({ findings: [], trees: [{ size: 6, entries: 6 }] })
  })
})
