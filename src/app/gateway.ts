import type { Acceptance, EventInput } from '../contract/events.ts'
import type { GatewayService } from '../contract/service.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ForeignTransaction } from '../store/foreign-transaction.ts'
import { reportSandbox } from './sandbox-addresses.ts'
import { wire } from './wiring.ts'

/** How one call sends. */
export interface SendOptions {
  /** Your own open transaction, of Kysely or of a `pg` client: rolled back means never sent. */
  readonly transaction?: ForeignTransaction
}

/** A gateway inside your program. */
export interface Gateway {
  /**
   * Accepts one event; resolves once it is committed, or, within your transaction, once it is written there.
   *
   * @throws GatewayError `invalid_event`, `idempotency_key_reused`, `database_unreachable`, `gateway_stopped`
   */
  send(event: EventInput, options?: SendOptions): Promise<Acceptance>
  /** Accepts up to 1,000 events, all or none. */
  sendMany(events: readonly EventInput[], options?: SendOptions): Promise<readonly Acceptance[]>
  /**
   * Starts delivering from this process, and keeps it alive until {@link Gateway.stop} unless told not to. A start that
   * failed has started nothing and may be tried again.
   *
   * @throws GatewayError `gateway_stopped`, or whatever the database throws
   */
  start(options?: { readonly keepAlive?: boolean }): Promise<void>
  /** Sends what is due and may be sent, for at most TEAMS_SHUTDOWN_TIMEOUT, and stops. */
  finish(): Promise<void>
  /** Accepts nothing more, finishes what is under way or hands it back, closes everything. */
  stop(): Promise<void>
  /** Everything else: lists, details, replay, channels, health, metrics. */
  readonly service: GatewayService
}

/**
 * Makes a gateway inside your program, without process-wide state: two of them do not know of each other.
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
 * @param options - Settings, database, configuration, log; everything has a default.
 * @returns The gateway. It accepts events at once, and delivers from {@link Gateway.start} on.
 * @throws GatewayError for settings, configuration, templates, secrets or a database that do not work
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const wired = await wire(options)
  const { service } = wired
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let alive: NodeJS.Timeout | undefined
  let closeSandbox = async () => {}

  const { TEAMS_CALLER_NAME: name } = wired.settings
  const origin = name === undefined ? 'library' : `library:${name}`
  const sendMany: Gateway['sendMany'] = (events, { transaction } = {}) =>
    transaction ? service.acceptWithin(transaction, events, origin) : service.accept(events, origin)

  async function begin(keepAlive: boolean): Promise<void> {
    try {
      if (keepAlive) alive = setInterval(() => {}, 0x7fffffff)
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
      await end()
      throw error
    }
  }

  async function end(): Promise<void> {
    clearInterval(alive)
    const close = closeSandbox
    closeSandbox = async () => {}
    await close()
  }

  function stop(): Promise<void> {
    stopping ??= (async () => {
      // What a start is just making could not be released.
      await starting?.catch(() => undefined)
      try {
        await wired.stop()
      } finally {
        await end()
      }
    })()
    return stopping
  }

  return {
    service,
    sendMany,
    async send(event, sendOptions) {
      const [acceptance] = await sendMany([event], sendOptions)
      if (!acceptance) throw new Error('one event was sent and none answered')
      return acceptance
    },
    async start({ keepAlive = true } = {}) {
      if (stopping !== undefined) throw new GatewayError('gateway_stopped')
      starting ??= begin(keepAlive)
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
