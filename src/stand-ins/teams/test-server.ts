import '../../kernel/require-node.ts'

import type { Sandbox } from './sandbox.ts'
import { type ServedSandbox, serveSandbox } from './server.ts'
import { createSandbox, type SandboxOptions } from './teams.ts'

/** A stand-in for Teams without a gateway, for tests of programs that post to Teams. */
export interface SandboxServer extends ServedSandbox {
  /** Webhook addresses by channel key. */
  readonly addresses: ReadonlyMap<string, string>
  readonly sandbox: Sandbox
}

/**
 * Starts a stand-in for Teams on 127.0.0.1 and a free port, with a new sandbox or `sandbox`. A new one has the
 * gateway's eight channels, each with the stock flow, unless `channels` is given.
 *
 * ```ts
 * const teams = await createSandboxServer()
 * await sendSomething(teams.addresses.get('sre'))
 * const [message] = await teams.sandbox.waitFor('sre', 1, AbortSignal.timeout(5000))
 * await teams.close()
 * ```
 */
export async function createSandboxServer(
  options: SandboxOptions & { sandbox?: Sandbox; port?: number } = {},
): Promise<SandboxServer> {
  const { sandbox = createSandbox(options), port = 0 } = options
  const { origin, close } = await serveSandbox(sandbox, { port })
  return { origin, addresses: sandbox.addresses(origin), sandbox, close }
}
