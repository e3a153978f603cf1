import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { EVENT_TYPES } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import { pagerDutyWebhook } from '../http/pagerduty-webhook.ts'
import { createPublicServer, type PublicServer } from '../http/public/server.ts'
import type { RoleClaims, SignIn } from '../http/public/sign-in.ts'
import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'
import type { Wired } from './wiring.ts'

/** A public listener, with what it has opened besides. */
export interface Pages {
  readonly server: PublicServer
  /** May be called more than once. */
  stop(): Promise<void>
}

/** Makes the public listener of a gateway; nothing listens until its `server.start`. */
export async function createPages(wired: Wired, port: number): Promise<Pages> {
  const { settings, service, links, metrics, log, clock } = wired
  const dispatcher = new EnvHttpProxyAgent(proxyOptions(settings))
  const server = createPublicServer({
    service,
    host: settings.TEAMS_PUBLIC_HOST,
    port,
    publicUrl: links.publicUrl,
    keys: links.keys,
    now: () => clock.now(),
    after: clock.after,
    log,
    metrics,
    signIn: await signInOf(wired, dispatcher),
    typedNames: settings.TEAMS_TYPED_NAMES === 'on',
    signedInHours: settings.TEAMS_SIGN_IN_HOURS,
    timeZone: settings.TEAMS_TIME_ZONE,
    titleOf,
    plugins: [pagerDutyWebhook(service, log)],
    shutdownTimeout: settings.TEAMS_SHUTDOWN_TIMEOUT,
  })
  let stopped: Promise<void> | undefined
  return {
    server,
    stop() {
      stopped ??= server.stop().then(() => dispatcher.close())
      return stopped
    },
  }
}

async function signInOf(
  { settings, links, catalogue }: Wired,
  dispatcher: EnvHttpProxyAgent,
): Promise<SignIn | undefined> {
  const {
    TEAMS_SIGN_IN_CLIENT_ID: clientId,
    TEAMS_SIGN_IN_CLIENT_SECRET: clientSecret,
    TEAMS_SIGN_IN_TENANTS: tenants,
  } = settings
  if (clientId === undefined || clientSecret === undefined || tenants === undefined) return undefined
  const { createSignIn } = await import('../http/public/entra-sign-in.ts')
  return createSignIn({
    authority: settings.TEAMS_SIGN_IN_AUTHORITY,
    clientId,
    clientSecret: new Secret(clientSecret),
    tenants,
    publicUrl: links.publicUrl,
    rolesOf: (claims) => roleNames(catalogue, claims),
    // Not the global fetch, which knows no proxy of the settings.
    fetch: (url, { body, ...init }) => undiciFetch(url, { ...init, body: body ?? null, dispatcher }),
  })
}

/** The title of a built-in event type in a language. A type of the configuration has its titles in its templates; its name stands for them. */
function titleOf(eventType: string, language: Language): string {
  const row = Object.entries(EVENT_TYPES).find(([name]) => name === eventType)?.[1]
  return row?.words[language].title ?? eventType
}

/** Names of the roles of the configuration that a person has, by groups and app roles. */
export function roleNames({ roles }: Pick<Catalogue, 'roles'>, { groups, appRoles }: RoleClaims): readonly string[] {
  const own = new Set(groups.map((id) => id.toLowerCase()))
  return [...roles]
    .filter(
      ([, { entraGroups, entraAppRoles }]) =>
        entraGroups.some((id) => own.has(id)) || entraAppRoles.some((name) => appRoles.includes(name)),
    )
    .map(([name]) => name)
}

/** Empty texts, not undefined: the agent would read the environment, which is not where the settings may come from. */
function proxyOptions(settings: Settings): EnvHttpProxyAgent.Options {
  const connect = { minVersion: settings.TEAMS_TLS_MIN_VERSION }
  return {
    httpsProxy: settings.HTTPS_PROXY ?? '',
    httpProxy: settings.HTTP_PROXY ?? '',
    noProxy: [...(settings.NO_PROXY ?? []), 'localhost', '127.0.0.1', '::1'].join(','),
    connect,
    requestTls: connect,
  }
}
