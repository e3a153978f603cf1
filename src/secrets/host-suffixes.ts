import type { Settings } from '../settings/table.ts'
import { bareSuffix } from '../transports/address.ts'
import type { CodedProblem } from './source.ts'

/**
 * Entries of TEAMS_WEBHOOK_HOST_SUFFIXES below which anybody can have a host (`com.sa`, `co.uk`): with one of them nothing
 * is left of the check of hosts. Single labels are refused by the setting itself; this needs the list of public suffixes, which is
 * loaded only where the setting is used.
 *
 * Suffixes of providers, such as `azure-api.net`, are let through: some have a front of theirs in each of many names.
 */
export async function publicSuffixes({
  TEAMS_WEBHOOK_HOST_SUFFIXES: suffixes = [],
}: Pick<Settings, 'TEAMS_WEBHOOK_HOST_SUFFIXES'>): Promise<readonly CodedProblem[]> {
  if (suffixes.length === 0) return []
  const { getPublicSuffix } = await import('tldts-icann')
  return suffixes
    .map(bareSuffix)
    .filter((name) => getPublicSuffix(name) === name)
    .map((name) => ({
      code: 'invalid_settings',
      at: 'TEAMS_WEBHOOK_HOST_SUFFIXES',
      found: `"${name}", below which anybody can have a host`,
      expected: 'host names of your own, such as flows.azure-api.net',
    }))
}
