import { indexWire } from '../contract/health.ts'
import type { Settings } from '../settings/table.ts'
import { folderHolder } from '../store/folder-lock.ts'

/** Milliseconds in which a gateway on this machine answers; without one, a connection is refused at once. */
const ANSWER_MS = 1_000

/** Where a gateway with these settings would listen, as seen from this machine; undefined for a port that it chooses itself. */
export function originOf(settings: Settings): string | undefined {
  if (settings.TEAMS_HTTP_PORT === 0) return undefined
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1', localhost: '127.0.0.1' }[settings.TEAMS_HTTP_HOST]
  const name = host ?? settings.TEAMS_HTTP_HOST
  return `http://${name.includes(':') ? `[${name}]` : name}:${settings.TEAMS_HTTP_PORT}`
}

/**
 * The gateway that runs on this machine: the one that has TEAMS_DATA_DIR open, wherever it listens, else the one at
 * TEAMS_HTTP_PORT, which may have been started in another folder. Undefined where none runs. It has to say its name: events
 * and tokens are not for another program that happens to have the port.
 */
export async function findLocalGateway(settings: Settings): Promise<string | undefined> {
  const holder = await folderHolder(settings.TEAMS_DATA_DIR)
  for (const origin of [holder?.url, originOf(settings)])
    if (origin !== undefined && indexWire.safeParse(await askLocal(`${origin}/`)).success) return origin
  return undefined
}

/** The JSON at an address, whatever its status; undefined where there is none. */
export async function askLocal(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) })
    return await response.json()
  } catch {
    return undefined
  }
}

/** A token for it that may do this: it was most likely started with these settings. */
export function tokenFor(settings: Settings, scope: 'send' | 'read' | 'act'): string | undefined {
  for (const entry of settings.TEAMS_API_TOKENS ?? []) {
    const [, scopes = '', token] = entry.split(':')
    if (scopes.split('+').some((one) => one === scope || one === 'admin')) return token
  }
  return undefined
}
