import { ARCHIVE_FINDINGS, type ArchiveFindingCode } from '../audit/archive/findings.ts'
import { type ArchiveVerification, verifyArchive } from '../audit/archive/verify-archive.ts'
import type { Verifier } from '../contract/note-keys.ts'
import { codeOf, GatewayError } from '../kernel/errors.ts'

/** The result of the verification of an archive. */
export interface ArchiveVerdict extends ArchiveVerification {
  /** The meaning of each code among the findings. */
  readonly codes: readonly { readonly code: ArchiveFindingCode; readonly means: string }[]
}

/**
 * Verifies an archive of `audit export`, without a database.
 *
 * @throws GatewayError `invalid_request` for a file that can not be read
 */
export async function verifyAuditArchive(
  path: string,
  options: { readonly keys: readonly Verifier[]; readonly onProgress?: (entries: number) => void },
): Promise<ArchiveVerdict> {
  try {
    const verification = await verifyArchive(path, options)
    const codes = [...new Set(verification.findings.map(({ code }) => code))]
    return { ...verification, codes: codes.map((code) => ({ code, means: ARCHIVE_FINDINGS[code] })) }
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (!/^E[A-Z]+$/.test(code)) throw error
    throw new GatewayError('invalid_request', [
      { at: '--archive', found: `a file that can not be read (${code})`, expected: 'an archive of `audit export`' },
    ])
  }
}
