import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { GatewayError } from '../kernel/errors.ts'
import { parseYaml } from '../kernel/yaml.ts'

/** A configuration as it was read, not yet checked, and the folder that its paths are relative to. */
export interface ReadConfig {
  readonly value: unknown
  readonly folder: string
}

/**
 * Reads a configuration file, YAML or JSON.
 *
 * @throws GatewayError `invalid_config_file` where it can not be read, or is neither
 */
export function readConfigFile(file: string): ReadConfig {
  const result = parseYaml(readText(file))
  if (result.ok) return { value: result.value, folder: dirname(resolve(file)) }
  throw new GatewayError(
    'invalid_config_file',
    result.faults.map((fault) => ({
      at: `${file}:${fault.line}:${fault.column}`,
      found: `a syntax error: ${fault.reason}`,
      expected: 'YAML or JSON',
    })),
  )
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const found =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EISDIR'
          ? 'a folder'
          : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
            ? 'text that is not UTF-8'
            : `a file that can not be read (${String(code)})`
    throw new GatewayError('invalid_config_file', [
      { at: file, found, expected: 'a YAML or JSON file (TEAMS_CONFIG_FILE)' },
    ])
  }
}
