import type { EventType } from '../events/catalogue.ts'
import type { EventInput } from '../events/event.ts'
import type { Acceptance } from '../service/port.ts'
import { withEnvFile } from '../settings/load.ts'
import { createGateway, type Gateway, type SendOptions } from './gateway.ts'

// The one piece of process-wide state, because a bare function can keep it nowhere else. Whoever wants none calls
// createGateway. It holds a promise, so that calls that come together share one gateway.
let shared: Promise<Gateway> | undefined

/**
 * Sends one event with the settings of the environment; resolves once it is committed.
 *
 * The gateway behind it is made at the first call. With DATABASE_URL it only accepts, and a running gateway
 * (`claimlinc-teams serve`) on the same database delivers. With the embedded database this process delivers too,
 * and before it ends it sends what is due.
 *
 * ```ts
 * await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'vault-node-2.prod' } })
 * ```
 *
 * @throws GatewayError `invalid_event`, `invalid_settings`, `database_unreachable`, …
 */
export async function sendTeamsNotification<T extends EventType>(
  event: EventInput<T>,
  options?: SendOptions,
): Promise<Acceptance> {
  shared ??= open()
  const gateway = await shared
  return gateway.send(event as EventInput, options)
}

async function open(): Promise<Gateway> {
  try {
    const embedded = !withEnvFile(process.env).DATABASE_URL?.trim()
    const gateway = await createGateway({ deliver: embedded })
    try {
      if (embedded) await gateway.start({ keepAlive: false })
    } catch (error) {
      // It lets go of its folder, or the next call would find that in use.
      await gateway.stop().catch(() => undefined)
      throw error
    }
    process.once('beforeExit', () => {
      shared = undefined
      // Not awaited by Node, but its work keeps the process alive until it is done.
      gateway.finish().catch(() => undefined)
    })
    return gateway
  } catch (error) {
    // A call that failed for want of a database must not spoil the next one.
    shared = undefined
    throw error
  }
}
