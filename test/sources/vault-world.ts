import { expect, onTestFinished } from 'vitest'
import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import type { VaultDefinition } from '../../src/catalogue/vault-definition.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createVaultSource } from '../../src/sources/vault/source.ts'
import { startVault, type VaultOptions, type VaultStandIn } from '../../src/stand-ins/vault.ts'
import { lookOnce } from '../own-services/sources/one-look.ts'

/** A clock that says another time, and whose timers are those of the system. */
export function createShiftedClock() {
  let shiftMs = 0
  return {
    now: () => new Date(Date.now() + shiftMs),
    after: systemClock.after,
    pass(seconds: number): void {
      shiftMs += seconds * 1000
    },
  }
}

/** Starts stand-ins as the nodes of a cluster: the first is active, the others are standbys. */
export async function startCluster(size: number, options: VaultOptions = {}): Promise<readonly VaultStandIn[]> {
  const nodes = await Promise.all(Array.from({ length: size }, () => startVault(options)))
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })
  for (const node of nodes.slice(1)) node.become('standby')
  return nodes
}

/** The definition of a source at these nodes, which reports at once. */
export function definitionAt(nodes: readonly VaultStandIn[], more: Partial<VaultDefinition> = {}): VaultDefinition {
  return {
    name: 'vault_prod',
    kind: 'vault',
    intervalMs: 15_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    nodes: nodes.map(({ url }) => url),
    tls: 'verify',
    caFile: undefined,
    audit: true,
    auditDevices: undefined,
    metrics: true,
    pki: [],
    certificates: [],
    expiresWithinMs: 7 * 86_400_000,
    ...more,
  }
}

/** A source whose looks go on from the checkpoint of the last one. */
export function watchVault(definition: VaultDefinition, token?: string, clock = createShiftedClock()) {
  const make = (more: Partial<VaultDefinition> = {}) =>
    createVaultSource(
      { ...definition, ...more },
      { secret: () => (token === undefined ? undefined : new Secret(token)), clock },
    )
  let source = make()
  let checkpoint: JsonObject = {}
  return {
    clock,
    check: () => source.check(new AbortController().signal),
    /** Starts the source anew, as another replica does, or one with another configuration. */
    restart(more: Partial<VaultDefinition> = {}): void {
      source = make(more)
    },
    /** Looks once: types and subjects of the events, and why it did not see. */
    async look() {
      const seen = await lookOnce(source, checkpoint)
      checkpoint = seen.checkpoint
      for (const { data } of seen.events)
        expect(CARD_DATA.vault_security_event.strict().safeParse(data).error).toBeUndefined()
      return {
        events: seen.events.map(({ eventType, correlationId }) => `${eventType} ${correlationId}`),
        code: seen.code,
        data: seen.events.map(({ data }) => data),
        made: seen.events,
      }
    },
  }
}
