import { setTimeout } from 'node:timers/promises'
import type { ActParts } from '../actions/act.ts'
import type { createCeleryProviders } from '../actions/celery/providers.ts'
import { createFollowUps } from '../actions/follow-up.ts'
import { createOutsideActions } from '../actions/outside.ts'
import type { ActionProvider } from '../actions/provider.ts'
import { createArchive } from '../archive/archive.ts'
import { checkAuditKeys } from '../audit/check-keys.ts'
import { checkAnchors } from '../audit/compare-anchor.ts'
import { type ComparedSecrets, recordSecrets } from '../audit/record-secrets.ts'
import { recordStart } from '../audit/record-start.ts'
import { createActedCards } from '../cards/acted-card.ts'
import type { ActionLink } from '../cards/buttons.ts'
import type { Renderer } from '../cards/rendered-card.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { patientDataNotices } from '../catalogue/patient-data-notices.ts'
import { secretNameOf, sourceSecretNames } from '../catalogue/source-definitions.ts'
import { createAttempt } from '../delivery/attempt.ts'
import { startEngine } from '../delivery/engine.ts'
import { type ChannelTurns, createChannelTurns } from '../delivery/turns.ts'
import { createUnreadyChannels } from '../delivery/unready-channels.ts'
import { environmentOf, type GatewayOptions } from '../gateway/options.ts'
import { whySandboxIsOff } from '../gateway/sandbox-off.ts'
import { createService, type LocalService } from '../gateway/service.ts'
import { startSettings } from '../gateway/start-settings.ts'
import { createAcceptor } from '../intake/acceptor.ts'
import { createPatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { createLog, type Log, logOf } from '../kernel/log.ts'
import { packageVersion } from '../kernel/version.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { createLinkKeys } from '../secrets/link-keys.ts'
import { createSecrets } from '../secrets/secrets.ts'
import { settingNotices } from '../settings/notices.ts'
import { checkOtherDatabase } from '../settings/other-database.ts'
import type { Settings } from '../settings/table.ts'
import type { Sandbox } from '../stand-ins/teams/sandbox.ts'
import { hasSentToTeams } from '../store/channels.ts'
import type { Database } from '../store/database.ts'
import { databaseError } from '../store/database-error.ts'
import { ensurePartitions } from '../store/maintenance.ts'
import { createMonths } from '../store/months.ts'
import { migrateDatabase, openDatabase } from '../store/open-database.ts'
import { channelsWithWork, clearTurns, ensureChannels, TURN_LEASE_SECONDS } from '../store/turns.ts'
import { backoffMs } from '../transports/backoff.ts'
import { workflowsTransportOf } from '../transports/workflows/from-settings.ts'
import { createLinks, type Links } from './links.ts'
import { createReleases, type Releases } from './releases.ts'
import { withSandboxAddresses } from './sandbox-addresses.ts'
import { startDelivery } from './start-delivery.ts'
import { wireEscalation } from './wire-escalation.ts'

/** A gateway with all parts made and connected; delivery starts with {@link Wired.deliver}. */
export interface Wired {
  readonly settings: Settings
  readonly catalogue: Catalogue
  readonly log: Log
  readonly metrics: Metrics
  readonly database: Database
  readonly service: LocalService
  /** The sandbox, if it is used; the caller serves it and passes its origin to `attach`. */
  readonly sandbox: { readonly model: Sandbox; attach(origin: string): void } | undefined
  /** Links of buttons; the caller serves their pages, and passes the origin of a sandbox's pages to `attach`. */
  readonly links: Links
  readonly clock: Clock
  /** Starts delivering. */
  deliver(): Promise<void>
  /** Sends due notifications, within the channels' budgets, until none is left or TEAMS_SHUTDOWN_TIMEOUT has passed. */
  finish(): Promise<void>
  /** Stops accepting, finishes posts in flight or returns their notifications to pending, and closes everything. */
  stop(): Promise<void>
}

/**
 * Makes all parts of a gateway, in the order of the data path, and connects them. If a part can not be made, the parts made
 * before it are released in reverse order. No other file knows the implementations of databases, transports and secrets.
 *
 * @throws GatewayError for wrong settings, configuration, templates or secrets, or an unusable database
 */
export async function wire(options: GatewayOptions): Promise<Wired> {
  const releases = createReleases()
  try {
    return await wireParts(options, releases)
  } catch (error) {
    // The first error is the cause; an error of a release that follows from it would hide the cause.
    await releases.run().catch(() => undefined)
    // An SQLSTATE of PostgreSQL: five characters, of which the first is a digit here.
    const fromDatabase = /^\d[0-9A-Z]{4}$/.test(String((error as { code?: unknown } | null)?.code))
    throw fromDatabase ? databaseError(error) : error
  }
}

async function wireParts(options: GatewayOptions, releases: Releases): Promise<Wired> {
  const deliver = options.deliver ?? true
  const environment = environmentOf(options)
  const { env } = environment
  const settings = await startSettings(environment, options.config)
  const clock = options.clock ?? systemClock
  const log = logOf(options.log) ?? createLog(settings.TEAMS_LOG_LEVEL)
  for (const { at, says } of settingNotices(env, settings))
    log.write('setting_questionable', { setting: at, notice: says })
  const metrics = createMetrics()
  metrics.set('teams_build_info', { version: packageVersion(), node: process.versions.node }, 1)
  const catalogue = catalogueOf(settings, options.config)
  for (const { at } of patientDataNotices(catalogue)) log.write('patient_data_unmarked', { field: at })
  const channels = [...catalogue.channels.values()]
  const realSecrets = await createSecrets({
    settings,
    env,
    channels,
    pagers: [...catalogue.pagers.values()],
    sourceNames: sourceSecretNames(catalogue.sources),
    log,
    metrics,
    clock,
  })
  releases.add(() => realSecrets.close())
  const archive = createArchive(() => realSecrets.archiveKeys())
  let opened: Database | undefined
  const providers = [
    ...(options.actions ?? []),
    ...(await celeryProviders(catalogue, {
      kysely: () => {
        if (opened === undefined) throw new GatewayError('gateway_stopped')
        return opened.kysely
      },
      archive,
      secret: (name, part) => realSecrets.sourceSecret(secretNameOf(name, part)),
      clock,
    })),
  ]
  const links = createLinks(settings, createLinkKeys(settings), clock, providers)
  const renderer = deliver ? await loadRenderer(catalogue, settings, links.actionLink) : undefined
  // Not an error: while Vault is sealed, the card that reports the seal is sent with a random signing secret.
  if (deliver && realSecrets.signingSecretIsMadeUp) log.write('signing_secret_made_up')

  if (options.database === undefined) checkOtherDatabase(env, realSecrets.webhookKeys().length > 0, log)
  const database = await openDatabase(settings, { shared: options.database, pool: settings.TEAMS_DATABASE_POOL, log })
  opened = database
  releases.add(() => database.close())
  await migrateDatabase(database, settings, log)
  if (options.database === undefined && database.kind === 'embedded') await clearTurns(database.kysely)
  await ensurePartitions(database.kysely).catch((error: unknown) =>
    // A running backup holds the lock, or the database user may not create tables. Delivery works without new partitions.
    log.write('partition_missing', { err: error }),
  )
  if (deliver) await checkAuditKeys(database.kysely, realSecrets.auditSigners())
  const anchors = settings.TEAMS_AUDIT_ANCHOR_FOLDER
  if (deliver && anchors !== undefined)
    await checkAnchors(database.kysely, anchors, realSecrets.auditSigners()[0]?.name, log)
  await ensureChannels(
    database.kysely,
    channels.map(({ key, budget }) => ({ key, burst: budget.burst })),
  )
  // The sandbox and the client for Redis are imported only if they are used: they take 20 MB.
  const sandboxOffReason = await whySandboxIsOff(settings, realSecrets.webhookKeys().length > 0, async () => {
    const sent = await hasSentToTeams(database.kysely)
    if (sent) log.write('sandbox_refused')
    return sent
  })
  const sandbox = sandboxOffReason
    ? undefined
    : (await import('../stand-ins/teams/teams.ts')).createSandbox({ channels })
  const sandboxSecrets = sandbox ? withSandboxAddresses(realSecrets, sandbox) : undefined
  const secrets = sandboxSecrets ?? realSecrets

  const engine = await startEngine(database, log, { deliver })
  releases.add(() => engine.stop())
  const publisher = settings.TEAMS_REDIS_URL
    ? (await import('../publish/publisher.ts')).createPublisher({
        url: settings.TEAMS_REDIS_URL,
        channelPrefix: settings.TEAMS_REDIS_CHANNEL_PREFIX,
        log,
        metrics,
      })
    : undefined
  if (publisher) releases.add(() => publisher.close())

  // Also for a process that only accepts: `destination` says which channels have an address. Connections open at the first post.
  const transport = workflowsTransportOf(settings, { secrets, sandboxOrigin: () => sandboxSecrets?.origin(), clock })
  releases.add(() => transport.close())
  const unready = createUnreadyChannels({ catalogue, transport, log })
  const delivery = renderer && wireDelivery(renderer)
  const escalation = wireEscalation({ settings, catalogue, transport, secrets, engine, log, metrics })
  let stopping = false
  const acknowledgementLives = {
    CRITICAL: settings.TEAMS_ACK_TTL_CRITICAL,
    HIGH: settings.TEAMS_ACK_TTL_HIGH,
    MEDIUM: settings.TEAMS_ACK_TTL_MEDIUM,
  }
  const acceptor = createAcceptor({
    catalogue,
    phiPolicy: settings.TEAMS_PHI_POLICY,
    undeclaredData: settings.TEAMS_UNDECLARED_DATA,
    keyTtl: settings.TEAMS_EVENT_TTL,
    repeats: {
      window: settings.TEAMS_REPEAT_WINDOW,
      acknowledged: acknowledgementLives,
    },
    clock,
    wake: engine.wake,
    escalate: escalation.start,
  })
  const actions: ActParts = {
    catalogue,
    lives: acknowledgementLives,
    restoreWindow: settings.TEAMS_RESTORE_WINDOW,
    timers: escalation.timers,
    providers,
    wake: engine.wake,
    enqueue: engine.enqueueAction,
    followUp: createFollowUps({ catalogue }, engine.wake),
  }
  const outside = createOutsideActions({ kysely: database.kysely, parts: actions, clock, log, metrics })
  const service = createService({
    actions,
    actedCards: createActedCards({
      catalogue,
      timeZone: settings.TEAMS_TIME_ZONE,
      maxBytes: settings.TEAMS_CARD_MAX_BYTES,
    }),
    archive,
    guard: createPatientDataGuard(catalogue.eventTypes.values(), settings.TEAMS_PHI_POLICY),
    acceptor,
    database,
    engine,
    metrics,
    publisher,
    catalogue,
    transport,
    pagerWebhookSecrets: (name) => realSecrets.pagerWebhookSecrets(name),
    clock,
    log,
    stopping: () => stopping,
  })

  function wireDelivery(renderer: Renderer): { readonly turns: ChannelTurns; readonly stopTurns: () => Promise<void> } {
    const hurry = new AbortController()
    const policy = { factor: settings.TEAMS_RETRY_FACTOR, maxDelay: settings.TEAMS_MAX_RETRY_DELAY }
    const turns = createChannelTurns(
      {
        kysely: database.delivery,
        months: createMonths(database.delivery),
        catalogue,
        attempt: createAttempt({
          catalogue,
          renderer,
          transport,
          clock,
          metrics,
          log,
          hurry: hurry.signal,
          signLinks: links.sign,
        }),
        transport,
        rest: {
          threshold: settings.TEAMS_BREAKER_THRESHOLD,
          firstProbeDelay: settings.TEAMS_BREAKER_PROBE_DELAY * 1000,
          longestDelay: settings.TEAMS_MAX_RETRY_DELAY * 1000,
          longestRetryAfter: settings.TEAMS_MAX_RETRY_AFTER * 1000,
        },
        storm: { digestAfter: settings.TEAMS_DIGEST_AFTER * 1000, digestUrgent: settings.TEAMS_DIGEST_URGENT },
        retry: { maxRetries: settings.TEAMS_MAX_RETRIES, backoff: (retry) => backoffMs(retry, policy, Math.random()) },
        leaseMs: database.kind === 'embedded' ? Number.POSITIVE_INFINITY : TURN_LEASE_SECONDS * 1000,
        maxInFlight: settings.TEAMS_CONNECTIONS_PER_HOST,
        clock,
        metrics,
        log,
        hurry: hurry.signal,
      },
      catalogue.channels,
    )
    async function stopTurns(): Promise<void> {
      const cancelTimer = clock.after(settings.TEAMS_SHUTDOWN_TIMEOUT * 1000, () => hurry.abort())
      await turns.stop()
      cancelTimer()
    }
    releases.add(stopTurns)
    return { turns, stopTurns }
  }

  const comparedSecrets: ComparedSecrets = {
    secrets: realSecrets,
    settings,
    pagers: [...catalogue.pagers.keys()],
    sources: sourceSecretNames(catalogue.sources),
  }
  let recorded: Promise<void> | undefined
  /** Before anything is delivered: a start that can not be recorded is refused. */
  function recordOnce(): Promise<void> {
    recorded ??= (async () => {
      await recordStart(database.kysely, settings, catalogue)
      await recordSecrets(database.kysely, comparedSecrets, true)
    })().catch((error: unknown) => {
      recorded = undefined
      throw databaseError(error)
    })
    return recorded
  }

  return {
    settings,
    catalogue,
    log,
    metrics,
    database,
    service,
    links,
    clock,
    sandbox: sandbox && sandboxSecrets ? { model: sandbox, attach: sandboxSecrets.attach } : undefined,
    async deliver() {
      if (!delivery)
        throw new GatewayError('invalid_settings', [
          { at: 'deliver', found: 'false', expected: 'true, for a gateway that is started' },
        ])
      await recordOnce()
      await startDelivery({
        ...delivery,
        outside,
        engine,
        database,
        catalogue,
        secrets,
        realSecrets,
        comparedSecrets,
        service,
        metrics,
        unready,
        escalation,
        settings,
        clock,
        log,
        releases,
      })
    },
    async finish() {
      if (!delivery) return
      await recordOnce()
      const { turns } = delivery
      const deadline = Date.now() + settings.TEAMS_SHUTDOWN_TIMEOUT * 1000
      for (;;) {
        const keys = (await channelsWithWork(database.delivery)).filter(unready.canWork)
        // channelsWithWork leaves out channels whose turn runs now.
        if (keys.length === 0 && !turns.busy()) return
        for (const key of keys) turns.wake(key)
        await settledWithin(deadline - Date.now(), turns.idle(), clock)
        if (Date.now() >= deadline) return
        // The remaining notifications wait for their channel's budget; no signal announces that it has refilled.
        await setTimeout(50)
      }
    },
    async stop() {
      stopping = true
      await service.whenIdle()
      await releases.run()
    },
  }
}

/**
 * Makes the renderer, for a process that delivers. Imported only there: the expression engine and the templates take a third of
 * the CPU time of a command such as `silences list`, which makes no card.
 *
 * @throws GatewayError `invalid_template`
 */
async function loadRenderer(catalogue: Catalogue, settings: Settings, actionLink: ActionLink): Promise<Renderer> {
  const { createRenderer, rendererOptions } = await import('../cards/renderer.ts')
  return createRenderer(rendererOptions(catalogue, settings, actionLink))
}

/** Makes the actions on tasks of Celery. Imported only where a source of this kind is configured: the AMQP client takes memory. */
async function celeryProviders(
  { sources }: Catalogue,
  parts: Parameters<typeof createCeleryProviders>[1],
): Promise<readonly ActionProvider[]> {
  if (![...sources.values()].some(({ kind }) => kind === 'celery')) return []
  const { createCeleryProviders } = await import('../actions/celery/providers.ts')
  return createCeleryProviders(sources.values(), parts)
}

/** Resolves or rejects with `work`; after `timeoutMs` milliseconds resolves without it. */
function settledWithin(timeoutMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.after(Math.max(0, timeoutMs), resolve)
    work.then(resolve, reject).finally(cancelTimer)
  })
}
