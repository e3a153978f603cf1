import type { Log } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Settings } from '../settings/table.ts'
import type { Sandbox } from '../stand-ins/teams/sandbox.ts'

/** Secrets in which the channels without a webhook URL have one of the sandbox. */
export interface SecretsWithSandbox extends Secrets {
  /** Says where the sandbox is served, once that is known. */
  attach(origin: string): void
  /** Where it is served. */
  origin(): string | undefined
}

/** Lets the sandbox stand in for every channel that has no webhook URL of its own. */
export function withSandboxAddresses(known: Secrets, sandbox: Sandbox): SecretsWithSandbox {
  let origin: string | undefined
  let addresses: ReadonlyMap<string, Secret> = new Map()
  const listeners = new Set<(changed: readonly string[]) => void>()
  return {
    get signingSecretIsMadeUp() {
      return known.signingSecretIsMadeUp
    },
    webhook: (key) => known.webhook(key) ?? addresses.get(key),
    webhookKeys: () => [...new Set([...known.webhookKeys(), ...addresses.keys()])],
    signingSecrets: () => known.signingSecrets(),
    onChange(listener) {
      listeners.add(listener)
      const stop = known.onChange(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    },
    close: () => known.close(),
    attach(at) {
      origin = at
      addresses = new Map([...sandbox.addresses(at)].map(([key, url]) => [key, new Secret(url)]))
      for (const listener of listeners) listener([...addresses.keys()])
    },
    origin: () => origin,
  }
}

/** Logs where the sandbox is served: a warning, unless it was asked for with TEAMS_SANDBOX=on. */
export function reportSandbox(log: Log, settings: Pick<Settings, 'TEAMS_SANDBOX'>, origin: string): void {
  const event = settings.TEAMS_SANDBOX === 'on' ? 'sandbox_served' : 'sandbox_replaces_teams'
  log.write(event, { sandbox: `${origin}/sandbox` })
}
