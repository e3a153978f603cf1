import { generateArchiveKey } from '../../contract/archive-keys.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import type { Output } from '../output.ts'
import { writeOptionFile } from '../write-file.ts'

/** The options of `archive keygen`. */
export interface KeygenOptions {
  readonly out?: string
}

/** Permissions of the file: only its owner may read it. */
const OWNER_ONLY = 0o600

/** `archive keygen`: makes a key that wraps data keys. It goes into `--out`, a file that must not be there yet, or to stdout. */
export function archiveKeygenCommand({ out }: KeygenOptions, output: Output): ExitCode {
  const { id, text } = generateArchiveKey()
  if (out === undefined) {
    output.answer({ key_id: id, key: text })
    output.print(text)
    output.note(
      'Keep this key secret, and a copy of it: without it nobody can read the archive. It goes into TEAMS_ARCHIVE_KEYS, TEAMS_ARCHIVE_KEYS_FILE or Vault.',
    )
    return EXIT.ok
  }
  writeOptionFile('--out', out, `${text}\n`, { mode: OWNER_ONLY })
  output.answer({ key_id: id, file: out })
  output.print(id)
  if (!output.json)
    output.note(
      `The key with this id is in ${out}: set TEAMS_ARCHIVE_KEYS_FILE to it. Keep a copy: without it nobody can read the archive.`,
    )
  return EXIT.ok
}
