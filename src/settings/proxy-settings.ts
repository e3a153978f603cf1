import { z } from 'zod'
import type { SettingRow } from './row.ts'
import { list } from './schemas.ts'

/** A proxy as curl takes it: with a scheme or without. */
const proxyUrl = z
  .string()
  .transform((value) => (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`))
  .refine(isProxy, { error: 'the address of an HTTP proxy, for example http://user:password@proxy.example:3128' })

function isProxy(value: string): boolean {
  const parsed = URL.parse(value)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return false
  try {
    decodeURIComponent(parsed.username + parsed.password)
    return true
  } catch {
    return false
  }
}

/**
 * The variables that programs agree on, in capitals or small letters. Node's own NODE_USE_ENV_PROXY is not needed, and changes
 * nothing: it is about programs that do not look at these by themselves.
 */
export const PROXY_SETTINGS = {
  HTTPS_PROXY: {
    group: 'Proxy',
    schema: proxyUrl,
    secret: true,
    help: 'HTTP proxy for posts to Teams, tokens of Entra and Vault, all of which are https; also as https_proxy. TLS goes through it, end to end.',
  },
  HTTP_PROXY: {
    group: 'Proxy',
    schema: proxyUrl,
    secret: true,
    help: 'HTTP proxy for a Vault without TLS (TEAMS_VAULT_ALLOW_HTTP), the only thing outside this machine that is not https; also as http_proxy.',
  },
  NO_PROXY: {
    group: 'Proxy',
    schema: z
      .string()
      .transform((value) => value.replace(/\s+/g, ','))
      .pipe(list),
    help: 'Hosts that are reached without a proxy, with all hosts below them, separated by commas; with a port for that port only; * for all. This machine always is. Also as no_proxy.',
  },
} as const satisfies Record<string, SettingRow>
