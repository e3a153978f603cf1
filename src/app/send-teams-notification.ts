import type { EventType } from '../catalogue/event-types.ts'
import { createClient } from '../client/client.ts'
import type { Acceptance, EventInput } from '../contract/events.ts'
import { findLocalGateway, tokenFor } from '../gateway/local-gateway.ts'
import { startSettings } from '../gateway/start-settings.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import { createLog } from '../kernel/log.ts'
import { gatewayOf, misspeltGatewayNames } from '../settings/gateway-names.ts'
import { readEnvFile } from '../settings/load.ts'
import { createGateway, type Gateway, type SendOptions } from './gateway.ts'

/** A gateway in this process, or the client of a running gateway. */
type Sender = Pick<Gateway, 'send'>

// The only process-wide state, because a bare function has no other place for it. createGateway and createClient have none.
// A promise, so that concurrent first calls share one gateway.
let sharedSender: Promise<Sender> | undefined

/**
 * Sends one event with the settings of the environment; resolves when the event is committed.
 *
 * The first call chooses the destination, as the command `claimlinc-teams send` does:
 *
 * 1. To the gateway at CLAIMLINC_TEAMS_URL, with the token CLAIMLINC_TEAMS_TOKEN, of the environment or of `.env`.
 * 2. With DATABASE_URL: into that database, from which a running gateway (`claimlinc-teams serve`) delivers.
 * 3. To the gateway that runs on this machine: it has the embedded database open, and only one process can open it.
 * 4. Into the embedded database. This process then also delivers, and sends due notifications before it ends.
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
  sharedSender ??= open()
  const sender = await sharedSender
  try {
    return await sender.send(event as EventInput, options)
  } catch (error) {
    // The running gateway is gone. It may have accepted the event, so that this call must not send it to another one.
    if (isGatewayError(error, 'gateway_unreachable')) sharedSender = undefined
    throw error
  }
}

async function open(): Promise<Sender> {
  try {
    const read = readEnvFile(process.env)
    const remote = gatewayOf({}, read.env)
    if (remote.url !== undefined) return openRemote(remote.url, remote.token)
    const settings = await startSettings(read)
    if (settings.DATABASE_URL !== undefined) return await openOwn(false)
    const url = await findLocalGateway(settings)
    if (url === undefined) return await openOwn(true)
    // Only here: a gateway in this process logs misspelt names with its other notices.
    const log = createLog(settings.TEAMS_LOG_LEVEL)
    for (const { at, says } of misspeltGatewayNames(read.env))
      log.write('setting_questionable', { setting: at, notice: says })
    return openRemote(url, tokenFor(settings, 'send'))
  } catch (error) {
    // Otherwise every later call would get this rejected promise, even when the database is back.
    sharedSender = undefined
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
    // Releases the lock of the data folder; otherwise the next call would fail with `data_dir_in_use`.
    await gateway.stop().catch(() => undefined)
    throw error
  }
  process.once('beforeExit', () => {
    sharedSender = undefined
    // Node does not await a listener of beforeExit; the work of finish() keeps the process alive until it is done.
    gateway.finish().catch(() => undefined)
  })
  return gateway
}
