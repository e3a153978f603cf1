import type { Acceptance, EventInput } from '../contract/events.ts'
import type { NotificationDetail } from '../contract/notifications.ts'
import type { GatewayService } from '../contract/service.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ForeignTransaction } from '../store/foreign-transaction.ts'
import { reportSandbox } from './sandbox-addresses.ts'
import { wire } from './wiring.ts'

/** Options of one call of {@link Gateway.send} or {@link Gateway.sendMany}. */
export interface SendOptions {
  /** Your own open transaction, of Kysely or of a `pg` client. If you roll it back, nothing is sent. */
  readonly transaction?: ForeignTransaction
}

/** A gateway inside your program. */
export interface Gateway {
  /**
   * Accepts one event. Resolves when the event is committed, or, with your transaction, when it is written in that transaction.
   *
   * @throws GatewayError `invalid_event`, `idempotency_key_reused`, `database_unreachable`, `gateway_stopped`
   */
  send(event: EventInput, options?: SendOptions): Promise<Acceptance>
  /** Accepts up to 1,000 events, all or none. */
  sendMany(events: readonly EventInput[], options?: SendOptions): Promise<readonly Acceptance[]>
  /**
   * Starts delivering from this process, and keeps the process alive until {@link Gateway.stop}, unless `keepAlive` is false.
   * After a failed start nothing runs, and `start` may be called again.
   *
   * @throws GatewayError `gateway_stopped`, or the code of a database error
   */
  start(options?: { readonly keepAlive?: boolean }): Promise<void>
  /** Sends due notifications for at most TEAMS_SHUTDOWN_TIMEOUT, within the channels' budgets, and stops. */
  finish(): Promise<void>
  /** Accepts no more events, finishes posts in flight or returns their notifications to pending, and closes everything. */
  stop(): Promise<void>
  /** All other use cases: lists, details, replay, silences, channels, health, metrics. */
  readonly service: LibraryService
}

/** The use cases for a host program, whose name is known. */
export interface LibraryService extends Omit<GatewayService, 'getNotification'> {
  /**
   * One notification with its data and card. The read is recorded in the audit trail; where it can not be, nothing is returned.
   *
   * @param by who reads it, for the record; `library:` and TEAMS_CALLER_NAME if absent
   * @throws GatewayError `not_found`
   */
  getNotification(id: string, by?: string): Promise<NotificationDetail>
}

/**
 * Makes a gateway inside your program, without process-wide state: several gateways in one process are independent.
 *
 * @example
 * ```ts
 * import { createGateway } from 'claimlinc-teams'
 *
 * const gateway = await createGateway({ settings: { DATABASE_URL: 'postgres://…' }, webhooks: { sre: 'https://…' } })
 * await gateway.start()
 * await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'vault-node-2.prod' } })
 * ```
 *
 * @param options - Settings, database, configuration, log; each has a default.
 * @returns The gateway. It accepts events at once, and delivers from {@link Gateway.start} on.
 * @throws GatewayError for wrong settings, configuration, templates or secrets, or an unusable database
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const wired = await wire(options)
  const { service } = wired
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let keepAliveTimer: NodeJS.Timeout | undefined
  let closeSandbox = async () => {}

  const { TEAMS_CALLER_NAME: name } = wired.settings
  const origin = name === undefined ? 'library' : `library:${name}`
  const sendMany: Gateway['sendMany'] = (events, { transaction } = {}) =>
    transaction ? service.acceptWithin(transaction, events, origin) : service.accept(events, origin)

  async function startDelivering(keepAlive: boolean): Promise<void> {
    try {
      if (keepAlive) keepAliveTimer = setInterval(() => {}, 0x7fffffff)
      if (wired.sandbox) {
        const { serveSandbox } = await import('../stand-ins/teams/server.ts')
        const server = await serveSandbox(wired.sandbox.model, { keepAlive })
        closeSandbox = () => server.close()
        wired.sandbox.attach(server.origin)
        reportSandbox(wired.log, wired.settings, server.origin)
      }
      await wired.deliver()
    } catch (error) {
      starting = undefined
      await releaseProcess()
      throw error
    }
  }

  async function releaseProcess(): Promise<void> {
    clearInterval(keepAliveTimer)
    const close = closeSandbox
    closeSandbox = async () => {}
    await close()
  }

  function stop(): Promise<void> {
    stopping ??= (async () => {
      // A start in progress still adds parts to release.
      await starting?.catch(() => undefined)
      try {
        await wired.stop()
      } finally {
        await releaseProcess()
      }
    })()
    return stopping
  }

  return {
    service: { ...service, getNotification: (id, by = origin) => service.getNotification(id, by) },
    sendMany,
    async send(event, sendOptions) {
      const [acceptance] = await sendMany([event], sendOptions)
      if (!acceptance) throw new Error('one event was sent and no acceptance returned')
      return acceptance
    },
    async start({ keepAlive = true } = {}) {
      if (stopping !== undefined) throw new GatewayError('gateway_stopped')
      starting ??= startDelivering(keepAlive)
      await starting
    },
    async finish() {
      try {
        if (starting !== undefined && stopping === undefined) {
          await starting
          await wired.finish()
        }
      } finally {
        await stop()
      }
    },
    stop,
  }
}
