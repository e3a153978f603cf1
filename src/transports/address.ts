import type { Channel } from '../catalogue/catalogue.ts'
import { WORKFLOW } from '../kernel/error-codes.ts'

/** Hosts of Power Automate flows, new and old; sovereign clouds and API Management come by setting. */
const OLD_HOST = '.logic.azure.com'
const HOST_SUFFIXES = ['.environment.api.powerplatform.com', OLD_HOST]
/** Power Automate takes request URLs of at most this many characters (limits-and-config). */
const MAX_LENGTH = 16_384
/** What RFC 3986 allows. Anything else a URL parser would change or drop, and the bytes sent would not be those given. */
const URL_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/
const WORKFLOW_URL = `the URL that Teams shows under ${WORKFLOW}`

/** Which addresses are fine beyond those of Power Automate. */
export interface AddressOptions {
  /** TEAMS_WEBHOOK_HOST_SUFFIXES: each stands for that host and all hosts below it. */
  readonly extraSuffixes: readonly string[]
  /** Origin of the built-in sandbox (`http://127.0.0.1:8080`), the only one that needs neither https nor a signature. */
  readonly allowSandbox?: string | undefined
  /** How the channel's flow knows us; `sas`, the default, needs the signature in the URL. */
  readonly auth?: Channel['auth']
}

/** An address that can be posted to, or why it can not; `found` and `expected` never quote it. */
export type AddressCheck =
  | {
      readonly ok: true
      readonly origin: string
      /** Path and query, byte for byte as given: a signature breaks when they are rebuilt from parts. */
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
 * Checks a channel's webhook URL without asking anybody. Hosts are checked by suffix and paths not at all: tight patterns
 * broke half the senders when Microsoft moved the flows to a new host and again when it added a segment to the path.
 */
export function checkAddress(url: string, options: AddressOptions): AddressCheck {
  if (url.trim() === '') return refuse('webhook_placeholder', 'nothing', WORKFLOW_URL)
  if (url.length > MAX_LENGTH)
    return refuse('webhook_invalid', `${url.length} characters`, `at most ${MAX_LENGTH} characters`)
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

/** Words of the paths that flows and the sandbox have; every other segment may be an id or a key. */
const PATH_WORDS = new Set(
  'powerautomate automations direct cu workflows triggers manual paths invoke webhook webhookb2 sandbox channels'.split(
    ' ',
  ),
)

/**
 * What of an address may be stored and shown: host and shape of the path, ids replaced by `…`, no query. Text that is no
 * URL becomes `…` as a whole.
 */
export function redactAddress(url: string): string {
  const parsed = URL.parse(url) ?? undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return '…'
  const segments = parsed.pathname
    .split('/')
    .map((segment) => (segment === '' || PATH_WORDS.has(segment) ? segment : '…'))
  return `${parsed.origin}${segments.join('/')}`
}

function refuse(code: Extract<AddressCheck, { ok: false }>['code'], found: string, expected: string): AddressCheck {
  return { ok: false, code, found, expected }
}

/** Compared label by label: neither `logic.azure.com.attacker.net` nor `notlogic.azure.com` is below `logic.azure.com`. */
function hostIsKnown(host: string, extraSuffixes: readonly string[]): boolean {
  const extra = extraSuffixes.map(bareSuffix).filter(Boolean)
  return (
    HOST_SUFFIXES.some((suffix) => host.endsWith(suffix) && host.length > suffix.length) ||
    extra.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
  )
}

/** A suffix as it is compared: `*.flows.example.sa` and `.flows.example.sa` mean `flows.example.sa`. */
export function bareSuffix(suffix: string): string {
  return suffix
    .trim()
    .toLowerCase()
    .replace(/^\*?\.*/, '')
}

/** What is doubtful about an address that {@link checkAddress} lets through. */
export interface AddressDoubt {
  /** True where every post will be refused; else it may be meant so. */
  readonly refused: boolean
  readonly found: string
  readonly todo: string
}

/** Looks at an address that can be used for what will not work all the same, or most likely not. */
export function doubtAddress(url: string, auth: Channel['auth']): AddressDoubt | undefined {
  const parsed = URL.parse(url) ?? undefined
  if (auth === 'entra' && parsed?.searchParams.get('sig'))
    return {
      refused: true,
      found: 'a URL with "sig" for a channel with "auth: entra": the flow refuses a request that shows both',
      todo: 'Set the URL without "sig" and what stands with it ("sp", "sv"), or take "auth: entra" away.',
    }
  // Sovereign clouds have other hosts; Logic Apps of Azure itself, and environments that were not moved, go on with this one:
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
 * Words count only as a whole text, host or signature: a real signature may have "todo" inside, and a real path too. Dots in a
 * row and angle brackets count anywhere, as in `https://prod-123.westus.logic.azure.com:443/workflows/...`: no real URL has them.
 */
function isPlaceholder(url: string, parsed: URL | undefined): boolean {
  if (/\.\.\.|…|[<>]|\$\{/.test(url)) return true
  if (!parsed) return PLACEHOLDER.test(url.trim())
  const words = [url, parsed.hostname, parsed.searchParams.get('sig') ?? '']
  return (
    EXAMPLE_HOST.test(parsed.hostname) ||
    /place.?holder|change.?me/i.test(parsed.pathname) ||
    words.some((word) => PLACEHOLDER.test(word.trim()))
  )
}
