import type { EventType } from '../catalogue/event-types.ts'
import { createClient } from '../client/client.ts'
import type { Acceptance, EventInput } from '../contract/events.ts'
import { findLocalGateway, tokenFor } from '../gateway/local-gateway.ts'
import { startSettings } from '../gateway/start-settings.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { misspeltGatewayNames } from '../settings/gateway-names.ts'
import { readEnvFile } from '../settings/load.ts'
import { createGateway, type Gateway, type SendOptions } from './gateway.ts'

/** Where events go: a gateway in this process, or one that runs already. */
type Sender = Pick<Gateway, 'send'>

// The one piece of process-wide state, because a bare function can keep it nowhere else. Whoever wants none calls
// createGateway or createClient. It holds a promise, so that calls that come together share one gateway.
let shared: Promise<Sender> | undefined

/**
 * Sends one event with the settings of the environment; resolves once it is committed.
 *
 * Where it goes is found out at the first call, as by the command `claimlinc-teams send`:
 *
 * 1. To the gateway at CLAIMLINC_TEAMS_URL, with the token CLAIMLINC_TEAMS_TOKEN.
 * 2. With DATABASE_URL into that database, from which a running gateway (`claimlinc-teams serve`) delivers.
 * 3. To the gateway that runs on this machine: it has the embedded database open, and only one process can.
 * 4. Into the embedded database. This process then delivers too, and before it ends it sends what is due.
 *
 * @example
 * ```ts
 * import { sendTeamsNotification } from 'claimlinc-teams'
 *
 * await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'vault-node-2.prod' } })
 * ```
 *
 * @param event - The event; the compiler checks `data` against the literal `eventType`.
 * @param options - Your own transaction, where DATABASE_URL is set.
 * @returns The event's id, its correlation id and its notifications.
 * @throws GatewayError `invalid_event`, `invalid_settings`, `database_unreachable`, `gateway_unreachable`, …
 */
export async function sendTeamsNotification<T extends EventType>(
  event: EventInput<T>,
  options?: SendOptions,
): Promise<Acceptance> {
  shared ??= open()
  const sender = await shared
  try {
    return await sender.send(event as EventInput, options)
  } catch (error) {
    // The gateway that ran is gone. Not sent elsewhere in this call, because it may have accepted the event.
    if (isGatewayError(error, 'gateway_unreachable')) shared = undefined
    throw error
  }
}

async function open(): Promise<Sender> {
  try {
    const { CLAIMLINC_TEAMS_URL, CLAIMLINC_TEAMS_TOKEN } = process.env
    if (CLAIMLINC_TEAMS_URL) return openRemote(CLAIMLINC_TEAMS_URL, CLAIMLINC_TEAMS_TOKEN || undefined)
    const read = readEnvFile(process.env)
    const settings = await startSettings(read)
    if (settings.DATABASE_URL !== undefined) return await openOwn(false)
    const url = await findLocalGateway(settings)
    if (url === undefined) return await openOwn(true)
    // A gateway in this process logs it with its other notices.
    const log = createLog(settings.TEAMS_LOG_LEVEL)
    for (const { at, says } of misspeltGatewayNames(read.env))
      log.write('setting_questionable', { setting: at, notice: says })
    return openRemote(url, tokenFor(settings, 'send'))
  } catch (error) {
    // A call that failed for want of a database must not spoil the next one.
    shared = undefined
    throw error
  }
}

function openRemote(url: string, token: string | undefined): Sender {
  const client = createClient({ url, ...(token === undefined ? {} : { token }) })
  return {
    async send(event, { transaction } = {}) {
      if (transaction !== undefined)
        throw new GatewayError('invalid_request', [
          {
            at: 'transaction',
            found: `a transaction, for the gateway at ${new URL(url).origin}, which is not in it`,
            expected: 'DATABASE_URL, or createGateway with your database',
          },
        ])
      return client.send(event)
    },
  }
}

async function openOwn(deliver: boolean): Promise<Sender> {
  const gateway = await createGateway({ deliver })
  try {
    if (deliver) await gateway.start({ keepAlive: false })
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
}
