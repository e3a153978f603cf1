import { indexWire } from '../http/system-routes.ts'
import type { Settings } from '../settings/table.ts'

/** Milliseconds in which a gateway on this machine answers; without one, a connection is refused at once. */
const PATIENCE = 1_000

/** Where a gateway with these settings would listen, as seen from this machine; undefined for a port that it chooses itself. */
export function localOrigin(settings: Settings): string | undefined {
  if (settings.TEAMS_HTTP_PORT === 0) return undefined
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1', localhost: '127.0.0.1' }[settings.TEAMS_HTTP_HOST]
  const name = host ?? settings.TEAMS_HTTP_HOST
  return `http://${name.includes(':') ? `[${name}]` : name}:${settings.TEAMS_HTTP_PORT}`
}

/**
 * The gateway that runs on this machine; undefined where none does. It has to say its name: events and tokens are not
 * for another program that happens to have the port.
 */
export async function findLocalGateway(settings: Settings): Promise<string | undefined> {
  const origin = localOrigin(settings)
  if (origin === undefined) return undefined
  return indexWire.safeParse(await ask(`${origin}/`)).success ? origin : undefined
}

/** The JSON at an address, whatever its status; undefined where there is none. */
export async function ask(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE) })
    return await response.json()
  } catch {
    return undefined
  }
}
