import { nearestName } from '../kernel/nearest.ts'
import type { Environment } from './env-file.ts'
import type { SettingNotice } from './platform.ts'

/** Variables with the address and token of a running gateway, for the command line and `sendTeamsNotification`. */
const GATEWAY_NAMES = ['CLAIMLINC_TEAMS_URL', 'CLAIMLINC_TEAMS_TOKEN'] as const

/**
 * The address and token of a running gateway: a given one, else that of the environment or `.env`. The token belongs to the
 * address: that of `.env` is not sent to an address given elsewhere.
 */
export function gatewayOf(
  given: { readonly url?: string; readonly token?: string },
  env: Environment,
): { readonly url?: string; readonly token?: string } {
  const url = given.url ?? (env.CLAIMLINC_TEAMS_URL?.trim() || undefined)
  const token = given.token ?? (given.url === undefined ? env.CLAIMLINC_TEAMS_TOKEN?.trim() || undefined : undefined)
  return { ...(url === undefined ? {} : { url }), ...(token === undefined ? {} : { token }) }
}

/** `CLAIMLINC_TEAMS_PORT`, a variable of another program, has an edit distance of 3 from `CLAIMLINC_TEAMS_URL`. */
const MAX_EDIT_DISTANCE = 2

/**
 * Finds misspelt {@link GATEWAY_NAMES} in the environment, with which events would silently be sent to the wrong place. A
 * notice only, not a refusal as for settings: Kubernetes makes variables with the same prefix for a Service named
 * `claimlinc-teams`, and so do Helm charts.
 */
export function misspeltGatewayNames(env: Environment): readonly SettingNotice[] {
  const isSet = (name: string) => (env[name]?.trim() ?? '') !== ''
  return Object.keys(env).flatMap((at) => {
    const meant = nearestName(GATEWAY_NAMES, at, MAX_EDIT_DISTANCE)
    if (meant === undefined || at === meant || isSet(meant) || !isSet(at)) return []
    return [{ at, says: `Not read: no variable has this name. Perhaps ${meant} is meant.` }]
  })
}
