import { indexWire } from '../contract/health.ts'
import { allows, parseApiToken, type Scope } from '../settings/api-tokens.ts'
import type { Settings } from '../settings/table.ts'
import { folderHolder } from '../store/folder-lock.ts'

/** Milliseconds that a gateway on this machine has for its answer. If none runs, the connection is refused at once. */
const ANSWER_TIMEOUT_MS = 1_000

/** Origin of a gateway with these settings, for requests from this machine; undefined for port 0, which the system chooses. */
export function originOf(settings: Settings): string | undefined {
  if (settings.TEAMS_HTTP_PORT === 0) return undefined
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1', localhost: '127.0.0.1' }[settings.TEAMS_HTTP_HOST]
  const name = host ?? settings.TEAMS_HTTP_HOST
  return `http://${name.includes(':') ? `[${name}]` : name}:${settings.TEAMS_HTTP_PORT}`
}

/**
 * Finds the origin of the gateway that runs on this machine: the gateway that has TEAMS_DATA_DIR open, at any address, else the
 * gateway at TEAMS_HTTP_PORT, which may have been started in another folder. Undefined if none runs. The answer to `GET /` has
 * to be a gateway's: events and tokens must not go to another program on that port.
 */
export async function findLocalGateway(settings: Settings): Promise<string | undefined> {
  const holder = await folderHolder(settings.TEAMS_DATA_DIR)
  for (const origin of [holder?.url, originOf(settings)])
    if (origin !== undefined && indexWire.safeParse(await askLocal(`${origin}/`)).success) return origin
  return undefined
}

/**
 * Gets the JSON at a URL, with any status; undefined without an answer or without JSON.
 *
 * @param token of the gateway at that URL, if it needs one
 */
export async function askLocal(url: string, token?: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    })
    return await response.json()
  } catch {
    return undefined
  }
}

/** The first token of TEAMS_API_TOKENS with this scope. The local gateway was most likely started with the same settings. */
export function tokenFor(settings: Settings, scope: Scope): string | undefined {
  for (const entry of settings.TEAMS_API_TOKENS ?? []) {
    const parsed = parseApiToken(entry)
    if (parsed !== undefined && allows(parsed.scopes, scope)) return parsed.token
  }
  return undefined
}
