import type { OutsideActions } from '../actions/outside.ts'
import { startAdopting } from '../audit/adopt-record.ts'
import { startAnchors } from '../audit/anchors.ts'
import { type ComparedSecrets, recordSecrets } from '../audit/record-secrets.ts'
import { startSealer } from '../audit/sealer.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Engine } from '../delivery/engine.ts'
import { startSweep } from '../delivery/sweep.ts'
import type { ChannelTurns } from '../delivery/turns.ts'
import type { UnreadyChannels } from '../delivery/unready-channels.ts'
import { climbAfterFailure } from '../escalation/climb-after-failure.ts'
import { startEscalation } from '../escalation/loop.ts'
import type { AcceptsFromSources } from '../gateway/accept-from-source.ts'
import type { SendCheckpoint } from '../gateway/send-checkpoint.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { startPagerSender } from '../pagers/sender.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Settings } from '../settings/table.ts'
import { startHeartbeats } from '../sources/heartbeats/loop.ts'
import { startEndingRemoved } from '../sources/removed.ts'
import { abandonPagerAlerts } from '../store/claim-pager-alerts.ts'
import type { Database } from '../store/database.ts'
import { fillFirstPosts } from '../store/first-posts.ts'
import { applyRetention, endImpossibleWaits, ensurePartitions, movePastMonths } from '../store/maintenance.ts'
import { channelsWithWork, endRest } from '../store/turns.ts'
import type { Releases } from './releases.ts'
import type { WiredEscalation } from './wire-escalation.ts'

/** Parts that {@link startDelivery} connects. */
export interface DeliveryParts {
  readonly turns: ChannelTurns
  /** Stops the turns; called again when they are released. */
  readonly stopTurns: () => Promise<void>
  readonly engine: Engine
  readonly database: Database
  readonly catalogue: Catalogue
  /** Those that posts use: of the sandbox where it stands in for a channel. */
  readonly secrets: Secrets
  /** Those of environment, files and Vault. */
  readonly realSecrets: Secrets
  /** What the start has recorded, and every change of secrets is compared with. */
  readonly comparedSecrets: ComparedSecrets
  readonly service: SendCheckpoint & AcceptsFromSources
  readonly outside: OutsideActions
  readonly metrics: Metrics
  readonly unready: UnreadyChannels
  readonly escalation: WiredEscalation
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly releases: Releases
}

/**
 * Starts delivering: turns run on wake-ups of the job engine, when the sweep finds channels with work, and when a webhook URL
 * changes. Also runs the maintenance job, and completes rows of earlier versions.
 */
export async function startDelivery(parts: DeliveryParts): Promise<void> {
  const { turns, engine, database, catalogue, secrets, realSecrets, unready, settings, clock, log, releases } = parts
  const signers = () => secrets.auditSigners()
  let stopping = false
  async function fill(): Promise<void> {
    const { rows, indexes } = await fillFirstPosts(database.kysely, () => stopping)
    if (rows + indexes > 0) log.write('earlier_rows_completed', { rows, indexes })
  }
  await engine.work({
    onWake: (keys) => {
      for (const key of keys) turns.wake(key)
    },
    onAction: parts.outside.run,
    async onMaintain() {
      await ensurePartitions(database.kysely)
      await applyRetention(
        database.kysely,
        settings.TEAMS_AUDIT_RETENTION_DAYS,
        settings.TEAMS_CARD_HISTORY_RETENTION_DAYS,
      )
      await fill()
      const moved = await movePastMonths(database.kysely)
      if (moved > 0) log.write('past_months_moved', { months: moved })
    },
  })
  // Not awaited: for years of rows this takes minutes, and delivery does not need the columns filled.
  fill().catch((error: unknown) => log.write('earlier_rows_incomplete', { err: error }))
  // Does not await fill(): turns would go on meanwhile. Closing the database waits for its running statement.
  releases.add(async () => {
    stopping = true
  })
  const find = async () => (await channelsWithWork(database.delivery)).filter(unready.canWork)
  const longestWaitSeconds = Math.max(settings.TEAMS_MAX_RETRY_AFTER, settings.TEAMS_MAX_RETRY_DELAY) + 60
  const repairWaits = async () => {
    const ended = await endImpossibleWaits(database.delivery, longestWaitSeconds)
    if (ended > 0) log.write('impossible_waits_ended', { ended })
  }
  // A turn at a muted or unready channel suppresses its waiting notifications or records why they wait; also while it rests.
  unready.log([...catalogue.channels.keys()])
  for (const { key, muted } of catalogue.channels.values()) if (muted || !unready.canWork(key)) turns.wake(key)
  // Before the sealer, so that it stops after it and keeps the last checkpoint.
  releases.add(
    startAnchors({
      kysely: database.kysely,
      signers,
      folder: settings.TEAMS_AUDIT_ANCHOR_FOLDER,
      sendCard: settings.TEAMS_AUDIT_ANCHOR_CARD === 'daily' ? parts.service.sendCheckpoint : undefined,
      clock,
      log,
      metrics: parts.metrics,
    }),
  )
  releases.add(startSealer({ kysely: database.delivery, signers, clock, log }))
  // After the sealer, so that its last sealing has the entries of the last attempts and of the adoption.
  releases.add(parts.stopTurns)
  releases.add(parts.outside.start())
  for (const [pager, count] of await abandonPagerAlerts(database.kysely, [...catalogue.pagers.keys()]))
    log.write('pager_alerts_abandoned', { pager, pager_alerts: count })
  if (catalogue.pagers.size > 0) {
    // Imported only where it is used: the texts of templates are read once more.
    const { createPagers } = await import('../pagers/from-settings.ts')
    const ready = createPagers(settings, catalogue, { secrets: realSecrets, clock })
    releases.add(() => ready.close())
    const { kysely } = database
    const onFailed = climbAfterFailure(parts.escalation.timers, kysely)
    const sender = await startPagerSender({ ...ready, kysely, onFailed, clock, metrics: parts.metrics, log })
    releases.add(() => sender.stop())
  }
  if (catalogue.sources.size > 0) {
    // Imported only where it is used, with the clients of the systems that are watched.
    const { startSources } = await import('../sources/start.ts')
    releases.add(
      await startSources({
        sources: catalogue.sources,
        secret: (name) => realSecrets.sourceSecret(name),
        kysely: database.delivery,
        accept: parts.service.acceptFromSource,
        clock,
        log,
        metrics: parts.metrics,
      }),
    )
  }
  releases.add(
    startEndingRemoved({
      sources: catalogue.sources,
      kysely: database.delivery,
      accept: parts.service.acceptFromSource,
      clock,
      log,
    }),
  )
  releases.add(
    startHeartbeats({
      catalogue,
      kysely: database.delivery,
      accept: parts.service.acceptFromSource,
      clock,
      log,
    }),
  )
  releases.add(startAdopting({ kysely: database.kysely, clock, log }))
  releases.add(startSweep({ find, repairWaits, wake: turns.wake, clock, log }))
  releases.add(startEscalation({ ...parts.escalation.loop, kysely: database.delivery, clock }))
  const stopListening = secrets.onChange((keys) => {
    unready.log(keys)
    // A new webhook URL may correct the failure that opened the breaker: end the rest, so that a probe is sent at once.
    endRest(database.delivery, keys)
      .then(() => {
        for (const key of keys) turns.wake(key)
      })
      .catch((error: unknown) => log.write('channel_rest_not_ended', { err: error, channels: keys }))
  })
  releases.add(async () => stopListening())
  const stopRecording = realSecrets.onChange(() => {
    // A change that is not recorded now is found at the next change, or at the next start.
    recordSecrets(database.kysely, parts.comparedSecrets, false).catch((error: unknown) =>
      log.write('secrets_change_unrecorded', { err: error }),
    )
  })
  releases.add(async () => stopRecording())
}
