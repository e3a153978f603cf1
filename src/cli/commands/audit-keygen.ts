import { generateKey, InvalidKey, readVerifier } from '../../contract/note-keys.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import type { Output } from '../output.ts'
import { writeOptionFile } from '../write-file.ts'

/** The options of `audit keygen`. */
export interface KeygenOptions {
  readonly origin: string
  readonly out?: string
}

/** Permissions of the file: only its owner may read it. */
const OWNER_ONLY = 0o600

/**
 * `audit keygen`: makes a key that signs checkpoints. The private key goes into `--out`, a file that must not be there yet, or
 * to stdout; the verifier key, which is public, to stdout, or beside a private key there to stderr.
 */
export function keygenCommand({ origin, out }: KeygenOptions, output: Output): ExitCode {
  const { privateKey, verifierKey } = keyFor(origin)
  const { keyId } = readVerifier(verifierKey)
  const answer = { origin, key_id: keyId, verifier_key: verifierKey }
  if (out === undefined) {
    output.answer({ ...answer, private_key: privateKey })
    output.print(privateKey)
    output.note(
      `Keep this private key secret: it goes into TEAMS_AUDIT_KEY, TEAMS_AUDIT_KEY_FILE or Vault.\nVerifier key, which auditors write down: ${verifierKey}`,
    )
    return EXIT.ok
  }
  writeOptionFile('--out', out, `${privateKey}\n`, { mode: OWNER_ONLY })
  output.answer({ ...answer, file: out })
  output.print(verifierKey)
  if (!output.json)
    output.note(
      `The private key is in ${out}: set TEAMS_AUDIT_KEY_FILE to it. The line above is the verifier key, which auditors write down.`,
    )
  return EXIT.ok
}

function keyFor(origin: string): ReturnType<typeof generateKey> {
  try {
    return generateKey(origin)
  } catch (error) {
    if (!(error instanceof InvalidKey)) throw error
    throw new GatewayError('invalid_request', [{ at: '--origin', found: error.found, expected: error.expected }])
  }
}
