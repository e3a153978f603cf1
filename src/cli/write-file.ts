import { writeFileSync } from 'node:fs'
import { GatewayError } from '../kernel/errors.ts'

/**
 * Writes a file that an option names.
 *
 * @param option its name, for problems
 * @param options.mode permissions of a new file; `0o600` lets only its owner read it
 * @param options.overwrite false: a file that is there already is a problem
 * @throws GatewayError `invalid_request`
 */
export function writeOptionFile(
  option: string,
  file: string,
  content: string | Uint8Array,
  { mode = 0o666, overwrite = true }: { readonly mode?: number; readonly overwrite?: boolean } = {},
): void {
  try {
    writeFileSync(file, content, { mode, flag: overwrite ? 'w' : 'wx' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new GatewayError('invalid_request', [
      code === 'EEXIST'
        ? { at: option, found: 'a file that is there already', expected: 'the path of a new file' }
        : { at: option, found: `a place that can not be written (${code})`, expected: 'a path in a folder of yours' },
    ])
  }
}
