import { nearestName } from '../kernel/nearest.ts'
import type { Environment } from './env-file.ts'
import type { SettingNotice } from './platform.ts'

/** Variables that name a running gateway to send to. The command line and `sendTeamsNotification` read them. */
const GATEWAY_NAMES = ['CLAIMLINC_TEAMS_URL', 'CLAIMLINC_TEAMS_TOKEN'] as const

/** Most letters that may differ: `CLAIMLINC_TEAMS_PORT` is three from `CLAIMLINC_TEAMS_URL`, and another program's. */
const MOST_DIFFERENT = 2

/**
 * Names in the environment that are nearly those of {@link GATEWAY_NAMES}: a typing error with which an event silently goes
 * elsewhere. A notice and no refusal as for settings, because Kubernetes makes variables of the same beginning for a Service
 * named `claimlinc-teams`, and Helm charts do too.
 */
export function misspeltGatewayNames(env: Environment): readonly SettingNotice[] {
  const isSet = (name: string) => (env[name]?.trim() ?? '') !== ''
  return Object.keys(env).flatMap((at) => {
    const meant = nearestName(GATEWAY_NAMES, at, MOST_DIFFERENT)
    if (meant === undefined || at === meant || isSet(meant) || !isSet(at)) return []
    return [{ at, says: `Not read: no variable has this name. Perhaps ${meant} is meant.` }]
  })
}
