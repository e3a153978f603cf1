import { statSync, writeFileSync } from 'node:fs'
import { GatewayError, type Problem } from '../kernel/errors.ts'

/**
 * Checks that nothing is at the path that an option names, before work begins whose result goes there.
 *
 * @throws GatewayError `invalid_request`
 */
export function requireNewFile(option: string, file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found !== undefined) throw new GatewayError('invalid_request', [thereAlready(option, found.isDirectory())])
}

/**
 * Writes a new file that an option names. One that is there already is a problem: it may be the only copy of a key or a proof.
 *
 * @param option its name, for problems
 * @param options.mode permissions of a new file; `0o600` lets only its owner read it
 * @throws GatewayError `invalid_request`
 */
export function writeOptionFile(
  option: string,
  file: string,
  content: string | Uint8Array,
  { mode = 0o666 }: { readonly mode?: number } = {},
): void {
  requireNewFile(option, file)
  try {
    writeFileSync(file, content, { mode, flag: 'wx' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new GatewayError('invalid_request', [
      code === 'EEXIST'
        ? thereAlready(option, false)
        : { at: option, found: `a place that can not be written (${code})`, expected: 'a path in a folder of yours' },
    ])
  }
}

function thereAlready(at: string, isFolder: boolean): Problem {
  return isFolder
    ? { at, found: 'a folder', expected: 'the path of a new file, such as one in this folder' }
    : {
        at,
        found: 'a file that is there already',
        expected: 'the path of a new file: move that one away, or name another',
      }
}
