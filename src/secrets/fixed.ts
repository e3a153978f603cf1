import { randomBytes } from 'node:crypto'
import { Secret } from '../kernel/secret.ts'
import type { Secrets } from './port.ts'

/** Secrets that never change. */
export interface FixedSecretsOptions {
  /** Webhook URLs by channel key. */
  readonly webhooks: ReadonlyMap<string, Secret>
  /** The current one first, at most two; a random one is made where there is none. */
  readonly signing?: readonly Secret[]
}

/** Secrets that are given and never change: the sandbox's addresses, and tests. */
export function createFixedSecrets({ webhooks, signing = [] }: FixedSecretsOptions): Secrets {
  const signs = signing.length > 0 ? signing.slice(0, 2) : [madeUpSecret()]
  return {
    webhook: (channelKey) => webhooks.get(channelKey),
    webhookKeys: () => [...webhooks.keys()],
    signingSecrets: () => signs,
    signingSecretIsMadeUp: signing.length === 0,
    onChange: () => () => {},
    async close() {},
  }
}

/** A signing secret for a gateway that was given none. No receiver can know it. */
export function madeUpSecret(): Secret {
  return new Secret(randomBytes(32).toString('hex'))
}
