import type { Channel } from '../catalogue/catalogue.ts'
import { WORKFLOW } from '../kernel/error-codes.ts'

/**
 * Host suffixes of Power Automate flows, new and old. Sovereign clouds and API Management need
 * TEAMS_WEBHOOK_HOST_SUFFIXES.
 */
const OLD_HOST = '.logic.azure.com'
const HOST_SUFFIXES = ['.environment.api.powerplatform.com', OLD_HOST]
/** Longest request URL of Power Automate, in characters: https://learn.microsoft.com/power-automate/limits-and-config */
const MAX_URL_LENGTH = 16_384
/**
 * Characters that RFC 3986 allows. A URL parser escapes or drops others, so the request would differ from the given
 * URL.
 */
const URL_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/
const WORKFLOW_URL = `the URL that Teams shows under ${WORKFLOW}`

/** Addresses that {@link checkAddress} accepts besides signed URLs of Power Automate. */
export interface AddressOptions {
  /** TEAMS_WEBHOOK_HOST_SUFFIXES: each stands for that host and all hosts below it. */
  readonly extraSuffixes: readonly string[]
  /** Origin of the built-in sandbox (`http://127.0.0.1:8080`), the only one that needs neither https nor a signature. */
  readonly allowSandbox?: string | undefined
  /** How the channel's flow authenticates the gateway; `sas`, the default, needs the signature in the URL. */
  readonly auth?: Channel['auth']
}

/** A parsed webhook URL, or the reason why cards can not be posted to it; `found` and `expected` never quote it. */
export type AddressCheck =
  | {
      readonly ok: true
      readonly origin: string
      /** Path and query, byte for byte as given: rebuilt from parsed parts, the signature would no longer verify. */
      readonly path: string
      readonly sandbox: boolean
    }
  | {
      readonly ok: false
      readonly code: 'webhook_placeholder' | 'webhook_retired' | 'webhook_invalid'
      readonly found: string
      readonly expected: string
    }

/**
 * Checks a channel's webhook URL without network access. Hosts are checked by suffix, paths not at all: with stricter
 * patterns, half of all senders broke when Microsoft moved flows to a new host, and again when it added a path segment.
 */
export function checkAddress(url: string, options: AddressOptions): AddressCheck {
  if (url.trim() === '') return refuse('webhook_placeholder', 'nothing', WORKFLOW_URL)
  if (url.length > MAX_URL_LENGTH)
    return refuse('webhook_invalid', `${url.length} characters`, `at most ${MAX_URL_LENGTH} characters`)
  const parsed = URL.parse(url) ?? undefined
  if (parsed && isRetired(parsed))
    return refuse(
      'webhook_retired',
      'the URL of an Office 365 connector, which Microsoft has switched off',
      `a new workflow in the same channel and its URL: ${WORKFLOW_URL}`,
    )
  if (isPlaceholder(url, parsed)) return refuse('webhook_placeholder', 'a placeholder', WORKFLOW_URL)

  const authority = /^https?:\/\/[^/?#]+/i.exec(url)?.[0]
  if (!parsed || authority === undefined)
    return refuse('webhook_invalid', `text of ${url.length} characters that is no http URL`, WORKFLOW_URL)
  if (!URL_CHARACTERS.test(url))
    return refuse('webhook_invalid', 'a URL with white space or characters that no URL has', WORKFLOW_URL)
  if (parsed.username !== '' || parsed.password !== '' || authority.includes('@'))
    return refuse('webhook_invalid', 'a URL with a user name or password in it', 'a URL without them')
  if (url.includes('#')) return refuse('webhook_invalid', 'a URL with a "#" part', 'a URL that ends with its query')

  const rest = url.slice(authority.length)
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (parsed.origin === options.allowSandbox) return { ok: true, origin: parsed.origin, path, sandbox: true }
  if (parsed.protocol !== 'https:')
    return refuse('webhook_invalid', 'a URL without TLS', 'a URL that starts with https:')
  if (!hostIsKnown(parsed.hostname, options.extraSuffixes))
    return refuse(
      'webhook_invalid',
      'a URL with a host that is not one of Power Automate',
      `a host below ${HOST_SUFFIXES.map((suffix) => suffix.slice(1)).join(' or ')}, or below one in TEAMS_WEBHOOK_HOST_SUFFIXES`,
    )
  if (options.auth !== 'entra' && !parsed.searchParams.get('sig'))
    return refuse(
      'webhook_invalid',
      'a URL without its signature: the query ("sig=…") was cut off or is incomplete',
      'the whole URL, in quotes where a shell reads it since it would cut it at the first "&"; or "auth: entra" for the channel',
    )
  return { ok: true, origin: parsed.origin, path, sandbox: false }
}

/**
 * Path segments of flows, connectors and the sandbox that are the same in every URL; other segments may be ids or keys.
 */
const FIXED_SEGMENTS = new Set(
  'powerautomate automations direct cu workflows triggers manual paths invoke webhook webhookb2 sandbox channels'.split(
    ' ',
  ),
)

/**
 * Redacts an address for records and displays: origin and path, with ids replaced by `…`, without query. Text that is no
 * URL becomes `…`.
 */
export function redactAddress(url: string): string {
  const parsed = URL.parse(url) ?? undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return '…'
  const segments = parsed.pathname
    .split('/')
    .map((segment) => (segment === '' || FIXED_SEGMENTS.has(segment) ? segment : '…'))
  return `${parsed.origin}${segments.join('/')}`
}

function refuse(code: Extract<AddressCheck, { ok: false }>['code'], found: string, expected: string): AddressCheck {
  return { ok: false, code, found, expected }
}

/**
 * Compared label by label: neither `logic.azure.com.attacker.net` nor `notlogic.azure.com` is below `logic.azure.com`.
 */
function hostIsKnown(host: string, extraSuffixes: readonly string[]): boolean {
  const extra = extraSuffixes.map(bareSuffix).filter(Boolean)
  return (
    HOST_SUFFIXES.some((suffix) => host.endsWith(suffix) && host.length > suffix.length) ||
    extra.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
  )
}

/** Normalizes a host suffix: `*.flows.example.sa` and `.flows.example.sa` become `flows.example.sa`. */
export function bareSuffix(suffix: string): string {
  return suffix
    .trim()
    .toLowerCase()
    .replace(/^\*?\.*/, '')
}

/** A warning about an address that {@link checkAddress} accepts. */
export interface AddressWarning {
  /** True where the flow will refuse every post; false where the address may be intended. */
  readonly refused: boolean
  readonly found: string
  readonly todo: string
}

/** Warns about an accepted address to which posts will fail, or probably will. Undefined without a warning. */
export function warnAboutAddress(url: string, auth: Channel['auth']): AddressWarning | undefined {
  const parsed = URL.parse(url) ?? undefined
  if (auth === 'entra' && parsed?.searchParams.get('sig'))
    return {
      refused: true,
      found: 'a URL with "sig" for a channel with "auth: entra": the flow refuses a request that shows both',
      todo: 'Set the URL without "sig" and what stands with it ("sp", "sv"), or take "auth: entra" away.',
    }
  // Not refused: Logic Apps of Azure itself, and environments that were not moved, still use this host (sovereign clouds
  // have others):
  // https://learn.microsoft.com/troubleshoot/power-platform/power-automate/flow-run-issues/triggers-troubleshoot
  if (parsed?.hostname.endsWith(OLD_HOST))
    return {
      refused: false,
      found: `a URL below ${OLD_HOST.slice(1)}: flows of Power Automate answer there no more since 30 November 2025`,
      todo: 'Copy the new URL of the flow from Teams or Power Automate. A Logic App of Azure itself may stay.',
    }
  return undefined
}

function isRetired({ hostname, pathname }: URL): boolean {
  if (hostname === 'webhook.office.com' || hostname.endsWith('.webhook.office.com')) return true
  return /^outlook\.office(365)?\.com$/.test(hostname) && /^\/webhook(b2)?(\/|$)/i.test(pathname)
}

const PLACEHOLDER = /^(?:.*place.?holder.*|.*change.?me|to.?do|tbd|xxx+|your.*(?:url|webhook|sig|signature|here))$/i
const EXAMPLE_HOST = /(?:^|\.)(?:example\.(?:com|org|net)|example|invalid)$/

/**
 * True for placeholders. PLACEHOLDER has to match the whole URL, host or signature: a real path or signature may
 * contain "todo". Dots in a row and angle brackets count anywhere, as in
 * `https://prod-123.westus.logic.azure.com:443/workflows/...`: no real URL has them.
 */
function isPlaceholder(url: string, parsed: URL | undefined): boolean {
  if (/\.\.\.|…|[<>]|\$\{/.test(url)) return true
  if (!parsed) return PLACEHOLDER.test(url.trim())
  const texts = [url, parsed.hostname, parsed.searchParams.get('sig') ?? '']
  return (
    EXAMPLE_HOST.test(parsed.hostname) ||
    /place.?holder|change.?me/i.test(parsed.pathname) ||
    texts.some((text) => PLACEHOLDER.test(text.trim()))
  )
}
