import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { serveQuick } from '../acceptance/gateways.ts'
import { MARK } from '../cli/cli.ts'
import { embeddedFolder } from '../services/database.ts'
import { freePort } from '../services/program.ts'
import { startRedis } from '../services/redis.ts'
import { runModule, startReportingWorker } from '../services/reporting-worker.ts'
import { startedStore } from '../services/stores.ts'

const PATIENCE = { timeout: 60_000, interval: 100 }

it('tasks of Celery that fail are reported once each, also those of a worker that was killed while the gateway was away', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const port = await freePort()
  const outbox = join(embeddedFolder(), 'outbox.sqlite3')
  const env = {
    BROKER: `${redis.url}/0`,
    CLAIMLINC_TEAMS_URL: `http://127.0.0.1:${port}`,
    CLAIMLINC_TEAMS_OUTBOX: outbox,
  }
  const status = () => runModule(env, 'claimlinc_teams', 'status')
  const start = (task: string) => runModule(env, 'reports', task)

  const killed = await startReportingWorker(env)
  const early = await start('fails')
  await expect.poll(status, PATIENCE).toContain('1 waiting')
  await killed.kill()
  await killed.stop()

  const gateway = await serveQuick(await startedStore('embedded'), { TEAMS_HTTP_PORT: port })
  const worker = await startReportingWorker(env)
  onTestFinished(() => worker.stop())
  const ids = new Map<string, string>([['early', early]])
  for (const task of ['succeeds', 'fails', 'retries', 'slow', 'hangs', 'dies', 'unknown', 'rejects', 'expires'])
    ids.set(task, await start(task))

  const eventsOf = async (task: string) => {
    const list = await fetch(`${gateway.origin}/v1/notifications?channel=runtime_eng&correlation_id=${ids.get(task)}`)
    const { notifications } = (await list.json()) as { notifications: { id: string; event_type: string }[] }
    const told = await Promise.all(
      notifications.map(async ({ id, event_type }) => {
        const { data } = (await (await fetch(`${gateway.origin}/v1/notifications/${id}`)).json()) as {
          data: Record<string, unknown>
        }
        return { event_type, ...data }
      }),
    )
    return told.reverse()
  }
  const failed = {
    event_type: 'celery.task.failed',
    task_name: 'claims.fails',
    queue: 'nphies_claims',
    worker: expect.stringMatching(/^celery@/),
    retry_count: 0,
    error: 'ValueError, caused by KeyError',
    traceback: expect.stringMatching(/File ".*reports\.py", line \d+, in fails/),
  }
  const attempt = { task_name: 'claims.retries', error: 'ConnectionError', max_retries: 1 }
  const expected = {
    early: [failed],
    fails: [failed],
    retries: [
      { ...attempt, event_type: 'celery.task.retry', retry_count: 0 },
      { ...attempt, event_type: 'celery.task.failed', retry_count: 1 },
    ],
    slow: [{ event_type: 'celery.task.timeout', error: expect.stringContaining('SoftTimeLimitExceeded') }],
    hangs: [
      { event_type: 'celery.task.timeout', error: 'billiard.exceptions.TimeLimitExceeded', queue: 'nphies_claims' },
    ],
    dies: [{ event_type: 'celery.task.lost', error: 'billiard.exceptions.WorkerLostError', worker: failed.worker }],
    unknown: [
      { event_type: 'celery.task.failed', task_name: 'claims.unknown', error: 'celery.exceptions.NotRegistered' },
    ],
    rejects: [{ event_type: 'celery.task.rejected', error: 'celery.exceptions.Reject' }],
    expires: [{ event_type: 'celery.task.expired', error: expect.stringContaining('expired') }],
  }
  for (const [task, events] of Object.entries(expected)) {
    await expect.poll(async () => (await eventsOf(task)).length, { ...PATIENCE, message: task }).toBe(events.length)
    expect(await eventsOf(task)).toMatchObject(events)
  }
  expect(await eventsOf('succeeds')).toEqual([])
  const everything = await (await fetch(`${gateway.origin}/sandbox/channels/runtime_eng/messages`)).text()
  expect(everything).toContain(early)
  expect(everything).not.toContain(MARK)
  expect(await status()).toContain('0 waiting, 0 refused')
}, 180_000)
