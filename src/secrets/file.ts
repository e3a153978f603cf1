import { readFile } from 'node:fs/promises'
import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { shownPath } from '../kernel/secret.ts'
import { parseYaml } from '../kernel/yaml.ts'
import type { Found, Reading, SecretSource } from './secret-source.ts'

/** Reads a secret file. Each refresh opens it by name, so that a file mounted, linked or renamed into place is found. */
async function textOfFile(at: string, file: string): Promise<string | Problem> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const found =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : `a file that can not be read (${code})`
    return { at, found: `${found}: ${shownPath(file)}`, expected: 'a file that the gateway may read' }
  }
}

const failed = (...problems: readonly Problem[]): Reading => ({ webhooks: undefined, signing: undefined, problems })
const read = (webhooks: ReadonlyMap<string, Found>): Reading => ({ webhooks, signing: undefined, problems: [] })

/** Source of one channel's webhook URL: a file with only the URL, as Docker and Kubernetes mount secrets. */
export function webhookFileSource(setting: string, file: string, channelKey: string): SecretSource {
  return {
    kind: 'file',
    name: setting,
    async read() {
      const text = await textOfFile(setting, file)
      if (typeof text !== 'string') return failed(text)
      return read(new Map([[channelKey, { at: setting, value: text.trim() }]]))
    },
    close() {},
  }
}

/** Source TEAMS_AUDIT_KEY_FILE: a file with only the key or keys of the audit trail. */
export function auditKeyFileSource(file: string): SecretSource {
  return keysFileSource('TEAMS_AUDIT_KEY_FILE', file, (auditKeys) => ({ ...read(new Map()), auditKeys }))
}

/** Source TEAMS_ARCHIVE_KEYS_FILE: a file with only the keys of the archive. */
export function archiveKeysFileSource(file: string): SecretSource {
  return keysFileSource('TEAMS_ARCHIVE_KEYS_FILE', file, (archiveKeys) => ({ ...read(new Map()), archiveKeys }))
}

function keysFileSource(name: string, file: string, reading: (found: Found) => Reading): SecretSource {
  return {
    kind: 'file',
    name,
    async read() {
      const text = await textOfFile(name, file)
      return typeof text === 'string' ? reading({ at: name, value: text }) : failed(text)
    },
    close() {},
  }
}

/** Source TEAMS_WEBHOOKS_FILE: webhook URLs by channel key, in YAML or JSON. */
export function webhooksFileSource(file: string): SecretSource {
  return mapFileSource('TEAMS_WEBHOOKS_FILE', file, 'YAML or JSON: a webhook URL for each channel key', read)
}

/** Source TEAMS_PAGERS_FILE: keys of pagers and secrets of their webhooks by name, in YAML or JSON. */
export function pagersFileSource(file: string): SecretSource {
  const expected = 'YAML or JSON: a key for each pager'
  return mapFileSource('TEAMS_PAGERS_FILE', file, expected, (pagers) => ({ ...read(new Map()), pagers }))
}

/** Source TEAMS_SOURCES_FILE: secrets of watched systems by the name of the source, in YAML or JSON. */
export function sourceSecretsFileSource(file: string): SecretSource {
  const expected = 'YAML or JSON: a secret for each source'
  return mapFileSource('TEAMS_SOURCES_FILE', file, expected, (sourceSecrets) => ({ ...read(new Map()), sourceSecrets }))
}

function mapFileSource(
  name: string,
  file: string,
  expected: string,
  reading: (entries: ReadonlyMap<string, Found>) => Reading,
): SecretSource {
  return {
    kind: 'file',
    name,
    async read() {
      const text = await textOfFile(name, file)
      if (typeof text !== 'string') return failed(text)
      const result = parseYaml(text)
      if (!result.ok)
        return failed(
          ...result.faults.map(({ line, column, reason }) => ({
            at: name,
            found: `a syntax error in line ${line}, column ${column}: ${reason}`,
            expected,
          })),
        )
      if (!isObject(result.value ?? {})) return failed({ at: name, found: 'something else than a map', expected })
      const entries = Object.entries(result.value ?? {})
      return reading(new Map(entries.map(([key, value]) => [key, { at: `${name}: ${key}`, value }])))
    },
    close() {},
  }
}
