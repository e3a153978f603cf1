import type { Log } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Settings } from '../settings/table.ts'
import type { Sandbox } from '../stand-ins/teams/sandbox.ts'

/** Secrets in which each channel without a webhook URL has a URL of the sandbox. */
export interface SecretsWithSandbox extends Secrets {
  /** Sets the origin at which the sandbox is served; before, it has no URLs. */
  attach(origin: string): void
  /** Origin at which the sandbox is served; undefined before {@link SecretsWithSandbox.attach}. */
  origin(): string | undefined
}

/** Adds sandbox URLs to the real secrets, for every channel that has no webhook URL of its own. */
export function withSandboxAddresses(real: Secrets, sandbox: Sandbox): SecretsWithSandbox {
  let origin: string | undefined
  let addresses: ReadonlyMap<string, Secret> = new Map()
  const listeners = new Set<(changed: readonly string[]) => void>()
  return {
    get signingSecretIsMadeUp() {
      return real.signingSecretIsMadeUp
    },
    webhook: (key) => real.webhook(key) ?? addresses.get(key),
    webhookKeys: () => [...new Set([...real.webhookKeys(), ...addresses.keys()])],
    signingSecrets: () => real.signingSecrets(),
    auditSigners: () => real.auditSigners(),
    archiveKeys: () => real.archiveKeys(),
    pagerKey: (name) => real.pagerKey(name),
    pagerWebhookSecrets: (name) => real.pagerWebhookSecrets(name),
    sourceSecret: (name) => real.sourceSecret(name),
    onChange(listener) {
      listeners.add(listener)
      const stop = real.onChange(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    },
    close: () => real.close(),
    attach(at) {
      origin = at
      addresses = new Map([...sandbox.addresses(at)].map(([key, url]) => [key, new Secret(url)]))
      for (const listener of listeners) listener([...addresses.keys()])
    },
    origin: () => origin,
  }
}

/** Logs the sandbox's address: as a warning, unless TEAMS_SANDBOX=on asked for the sandbox. */
export function reportSandbox(log: Log, settings: Pick<Settings, 'TEAMS_SANDBOX'>, origin: string): void {
  const event = settings.TEAMS_SANDBOX === 'on' ? 'sandbox_served' : 'sandbox_replaces_teams'
  log.write(event, { sandbox: `${origin}/sandbox` })
}
