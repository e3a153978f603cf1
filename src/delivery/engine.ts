import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { type Clock as BossClock, fromKysely, PgBoss } from 'pg-boss'
import type { Log } from '../kernel/log.ts'
import type { Database } from '../store/database.ts'
import { engineSchemaOf } from '../store/schema.ts'
import type { Tables } from '../store/tables.ts'

const WAKE_QUEUE = 'drain'
const MAINTENANCE_QUEUE = 'maintain'
const ACTION_QUEUE = 'act'

/** The job engine: wakes channels in other processes, and runs the maintenance once for all replicas. */
export interface Engine {
  /**
   * Writes a wake-up job for each channel, inside the transaction that writes the notifications: both are committed, or
   * neither.
   */
  wake(transaction: Kysely<Tables>, channels: readonly string[]): Promise<void>
  /** Writes the job of an action, inside the transaction that writes the action. It has the id alone. */
  enqueueAction(transaction: Kysely<Tables>, actionId: string): Promise<void>
  /** Starts processing wake-ups, actions and maintenance jobs. */
  work(handlers: {
    readonly onWake: (channels: readonly string[]) => void
    readonly onMaintain: () => Promise<void>
    readonly onAction: (actionId: string) => Promise<void>
  }): Promise<void>
  /** True while pg-boss answers. */
  reachable(): Promise<boolean>
  stop(): Promise<void>
}

/**
 * Starts pg-boss on the gateway's database.
 *
 * A wake-up job says only that a channel has work; the notification rows say which. Its handler wakes the channel's
 * turn in this process and returns, so one worker serves all channels and a slow channel delays no other. Turns have
 * leases of their own (`src/store/turns.ts`). Rejected: pg-boss's `singleton` queues with heartbeat, which keep a
 * cached list of busy keys for a minute and would leave a channel alone for that long.
 *
 * @param options.deliver false for a process that only accepts events: it needs no connections of the engine's own
 */
export async function startEngine(
  database: Database,
  log: Log,
  options: { readonly deliver: boolean },
): Promise<Engine> {
  const { deliver } = options
  const schema = await engineSchemaOf(database.kysely)
  const boss = new PgBoss({
    ...(deliver || database.kind === 'embedded' ? database.engineDatabase() : { db: fromKysely(database.kysely) }),
    application_name: 'claimlinc-teams-engine',
    schema,
    useListenNotify: deliver,
    supervise: deliver,
    schedule: deliver,
    clockMonitorIntervalSeconds: 600,
    clock: unheldClock,
  })
  boss.on('error', (error) => log.write('job_engine_failed', { err: error }))
  boss.on('warning', (warning) => log.write('job_engine_warned', { warning: warning.message }))
  try {
    await boss.start()
    await createQueues(boss)
  } catch (error) {
    // Otherwise pg-boss would keep running what it had started: its timers and its connections.
    await boss.stop({ graceful: false }).catch(() => undefined)
    throw error
  }
  return engineOf(boss, schema, log)
}

async function createQueues(boss: PgBoss): Promise<void> {
  // A wake-up is worthless once it is handled, or old: the sweep finds the channel anyway.
  await boss.createQueue(WAKE_QUEUE, {
    policy: 'standard',
    notify: true,
    retryLimit: 0,
    expireInSeconds: 60,
    retentionSeconds: 3600,
    deleteAfterSeconds: 60,
  })
  // A job that is lost is found as an action that no process has (src/actions/outside.ts).
  await boss.createQueue(ACTION_QUEUE, {
    policy: 'standard',
    notify: true,
    retryLimit: 0,
    expireInSeconds: 3600,
    retentionSeconds: 3600,
    deleteAfterSeconds: 60,
  })
  await boss.createQueue(MAINTENANCE_QUEUE, { policy: 'short', retryLimit: 3, retryDelay: 60, expireInSeconds: 3600 })
  // Fills pg-boss's cache of queues now. Looking a queue up later, inside a transaction, would need a second
  // connection, and the embedded database has only one.
  await boss.insert(WAKE_QUEUE, [])
  await boss.insert(ACTION_QUEUE, [])
}

function engineOf(boss: PgBoss, schema: string, log: Log): Engine {
  return {
    async wake(transaction, channels) {
      if (channels.length === 0) return
      // Avoids a job per event in a storm. Reads only committed jobs and waits for no lock, unlike a unique key: a
      // caller's long transaction must not delay other events for its channel.
      const { rows } = await sql<{ key: string }>`
        SELECT DISTINCT singleton_key AS key FROM ${sql.table(`${schema}.job`)}
         WHERE name = ${WAKE_QUEUE} AND state = 'created' AND singleton_key = ANY(${[...channels]}::text[])`.execute(
        transaction,
      )
      const queued = new Set(rows.map((row) => row.key))
      const jobs = channels
        .filter((channel) => !queued.has(channel))
        .map((channel) => ({ singletonKey: channel, data: { channel } }))
      if (jobs.length > 0) await boss.insert(WAKE_QUEUE, jobs, { db: fromKysely(transaction) })
    },
    async enqueueAction(transaction, actionId) {
      await boss.insert(ACTION_QUEUE, [{ data: { actionId } }], { db: fromKysely(transaction) })
    },
    async work({ onWake, onMaintain, onAction }) {
      // More than once a day, because it yields to readers of the tables, such as the nightly backup; and once more at
      // the start of a gateway that was off. First of all, because it may fail.
      await boss.schedule(MAINTENANCE_QUEUE, '17 */6 * * *', null, { tz: 'UTC', missed: 'once' })
      try {
        await boss.work<{ channel: string }>(
          WAKE_QUEUE,
          { batchSize: 100, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 1 },
          async (jobs) => onWake([...new Set(jobs.map((job) => job.data.channel))]),
        )
        await boss.work<{ actionId: string }>(
          ACTION_QUEUE,
          { batchSize: 10, pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 2 },
          async (jobs) => {
            // Not awaited: an action may take minutes, has a lease of its own, and must not hold up the next one's start.
            for (const job of jobs) void onAction(job.data.actionId)
          },
        )
        await boss.work(MAINTENANCE_QUEUE, { pollingIntervalSeconds: 30 }, async () => {
          try {
            await onMaintain()
          } catch (error) {
            // pg-boss retries it, and would log nothing.
            log.write('maintenance_failed', { err: error })
            throw error
          }
        })
      } catch (error) {
        for (const queue of [WAKE_QUEUE, ACTION_QUEUE, MAINTENANCE_QUEUE])
          await boss.offWork(queue).catch(() => undefined)
        throw error
      }
    },
    async reachable() {
      return boss.isInstalled()
    },
    stop: () => boss.stop({ graceful: true, timeout: 5_000, close: true }),
  }
}

/** A clock for pg-boss with unref'd timers: a program that only sends an event ends when it is done. */
const unheldClock: BossClock = {
  now: () => Date.now(),
  setTimeout: (task, ms) => setTimeout(task, ms).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setInterval: (task, ms) => setInterval(task, ms).unref(),
  clearInterval: (timer) => clearInterval(timer as NodeJS.Timeout),
}
