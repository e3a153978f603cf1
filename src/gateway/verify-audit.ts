import type { Kysely } from 'kysely'
import type { AnchorFile } from '../audit/verify/anchors.ts'
import { FINDINGS, type Finding, type FindingCode } from '../audit/verify/findings.ts'
import { readPolicy } from '../audit/verify/keys.ts'
import { type ListedTrail, verifyListed } from '../audit/verify/listed.ts'
import { createReport } from '../audit/verify/report.ts'
import type { Since } from '../audit/verify/start-point.ts'
import type { TreesOptions, VerifiedTree } from '../audit/verify/trees.ts'
import { type Verification, type VerifyOptions, verificationOf, verifyTrail } from '../audit/verify/verify.ts'
import { plainMoment } from '../catalogue/moment.ts'
import { InvalidKey, readVerifier, type Verifier } from '../contract/note-keys.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { hasAuditTrail } from '../store/insert-entry.ts'
import type { Tables } from '../store/tables.ts'

/** How to verify: a request that was read, and callbacks. */
export type VerifyAuditOptions = VerifyOptions

/** How to verify, as texts from outside. */
export interface VerifyRequest {
  /** Verifier keys, `<name>+<key ID>+<base64>`. */
  readonly keys: readonly string[]
  /** Policy files, which have keys too. */
  readonly policies: readonly AnchorFile[]
  /** Checkpoints from outside the database. */
  readonly anchors: readonly AnchorFile[]
  /** A time, or a number of entries. */
  readonly since?: string | undefined
}

/** The result of a verification. */
export interface AuditVerdict {
  readonly intact: boolean
  readonly origins: readonly VerifiedTree[]
  /** The first hundred. */
  readonly findings: readonly Finding[]
  /** Each code that was found: how often, its meaning, and what to do. */
  readonly codes: readonly {
    readonly code: FindingCode
    readonly total: number
    readonly means: string
    readonly todo: string
  }[]
  readonly notes: readonly string[]
  readonly seconds: number
}

/**
 * Reads a request.
 *
 * @throws GatewayError `invalid_request` with every problem
 */
export function readVerifyRequest({ keys, policies, anchors, since }: VerifyRequest): Omit<TreesOptions, 'onProgress'> {
  const problems: Problem[] = []
  const verifiers = keys.flatMap((key) => read('--key', () => [readVerifier(key)]))
  for (const { path, text } of policies) {
    const found = read(`--policy ${path}`, () => readPolicy(text))
    if (found.length === 0 && problems.length === 0)
      problems.push({ at: `--policy ${path}`, found: 'no key', expected: 'a line "log <verifier key>"' })
    verifiers.push(...found)
  }
  const from = since === undefined ? undefined : readSince(since)
  if (from === null)
    problems.push({
      at: '--since',
      found: 'a text of another form',
      expected: '2026-11-21T10:00:00Z, or a number of entries',
    })
  if (problems.length > 0) throw new GatewayError('invalid_request', problems)
  return { keys: verifiers, anchors, ...(from ? { since: from } : {}) }

  function read(at: string, run: () => readonly Verifier[]): readonly Verifier[] {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof InvalidKey)) throw error
      problems.push({ at, found: error.found, expected: error.expected })
      return []
    }
  }
}

function readSince(text: string): Since | null {
  if (/^\d{1,15}$/.test(text)) return { size: Number(text) }
  const moment = plainMoment(text)
  const time = new Date(moment)
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(moment) && !Number.isNaN(time.getTime()) ? { time } : null
}

/**
 * Verifies the audit trail of a database, which may be one that no gateway runs on. Only reads.
 *
 * @throws GatewayError `database_not_migrated` where there is no audit trail
 */
export async function verifyAudit(db: Kysely<Tables>, options: VerifyOptions): Promise<AuditVerdict> {
  if (!(await hasAuditTrail(db)))
    throw new GatewayError('database_not_migrated', [
      { at: 'the audit trail', found: 'no table teams_audit_entries', expected: 'a database with migration 0005' },
    ])
  const started = performance.now()
  return verdictOf(await verifyTrail(db, options), started)
}

/**
 * Verifies the audit trail of a running gateway that has its database for itself, from the raw entries that it lists.
 *
 * @throws GatewayError as the gateway's answers do
 */
export async function verifyAuditOver(trail: ListedTrail, options: Omit<TreesOptions, 'since'>): Promise<AuditVerdict> {
  const started = performance.now()
  const report = createReport()
  const origins = await verifyListed(trail, options, report)
  report.add({
    note: 'Entries and the newest checkpoints were verified, as the running gateway lists them. Stop the gateway and verify again for rows and earlier checkpoints.',
  })
  return verdictOf(verificationOf(origins, report), started)
}

function verdictOf({ totals, ...verification }: Verification, started: number): AuditVerdict {
  const codes = [...totals].map(([code, total]) => ({ code, total, ...FINDINGS[code] }))
  return { ...verification, codes, seconds: (performance.now() - started) / 1000 }
}
