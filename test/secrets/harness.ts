import type { Clock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Secrets } from '../../src/secrets/secrets.ts'
import { createSecrets } from '../../src/secrets/secrets.ts'
import { loadSettings } from '../../src/settings/load.ts'

/** In every secret of these tests, so that one search finds any that got out. */
export const MARK = 'MARKEDVALUE'

/** A webhook URL that can be used, different for each name. */
export function urlOf(name: string): string {
  return `https://default0f1e.7a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/${name}/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${MARK}${name}`
}

export const SIGNING = `${MARK}-signing-secret-of-now`
export const PREVIOUS = `${MARK}-signing-secret-before`

export const CHANNELS = [
  { key: 'sre', auth: 'sas' },
  { key: 'security_eng', auth: 'sas' },
  { key: 'pmo', auth: 'sas' },
] as const

/** A clock that only the test advances. */
export function createManualClock() {
  let time = Date.parse('2026-11-21T10:00:00Z')
  let waiting: { at: number; task: () => void } | undefined
  let onWait = () => {}
  const clock: Clock = {
    now: () => new Date(time),
    after(ms, task) {
      const mine = { at: time + ms, task }
      waiting = mine
      onWait()
      return () => {
        if (waiting === mine) waiting = undefined
      }
    },
  }
  return {
    clock,
    /** Milliseconds until the next look. */
    wait: () => (waiting === undefined ? undefined : waiting.at - time),
    /** Lets time pass without a look. */
    pass(ms: number) {
      time += ms
    },
    /** Starts the next look and does not wait for it. */
    begin() {
      waiting?.task()
    },
    /** Goes to the next look and returns once it is over, which is when it waits for the one after it. */
    async look(): Promise<void> {
      const due = waiting
      if (!due) throw new Error('nothing waits for the clock')
      const over = new Promise<void>((resolve) => {
        onWait = resolve
      })
      time = Math.max(time, due.at)
      due.task()
      await over
    },
  }
}

/** Secrets with a clock, a log and metrics that the test holds; all that could leave the gateway is collected. */
export function createWorld() {
  const lines: string[] = []
  const errors: string[] = []
  const manual = createManualClock()
  const metrics = createMetrics()
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const open: Secrets[] = []
  return {
    ...manual,
    metrics,
    /** Lines at level warn or error with that event, code or text in them. */
    problemLines: (part: string) =>
      lines
        .filter((line) => /"level":"(warn|error)"/.test(line) && line.includes(part))
        .map((line) => JSON.parse(line)),
    async start(
      env: Record<string, string>,
      channels: Parameters<typeof createSecrets>[0]['channels'] = CHANNELS,
      pagers: Parameters<typeof createSecrets>[0]['pagers'] = [],
      sourceNames: readonly string[] = [],
    ) {
      const secrets = await createSecrets({
        settings: loadSettings(env),
        env,
        channels,
        pagers,
        sourceNames,
        log,
        metrics,
        clock: manual.clock,
      })
      open.push(secrets)
      return secrets
    },
    /** What starting is refused with. */
    async refusal(env: Record<string, string>, channels: Parameters<typeof createSecrets>[0]['channels'] = CHANNELS) {
      try {
        await this.start(env, channels)
      } catch (error) {
        errors.push(String(error), JSON.stringify(error), error instanceof Error ? String(error.stack) : '')
        return error
      }
      throw new Error('it started')
    },
    /** Closes everything, and gives all that came out: log, errors, metrics. */
    async end(): Promise<string> {
      for (const secrets of open) {
        lines.push(
          JSON.stringify([secrets, secrets.signingSecrets(), secrets.webhook('sre')]),
          `${secrets.webhook('sre')}`,
        )
        await secrets.close()
      }
      return [...lines, ...errors, (await metrics.expose()).body].join('\n')
    },
  }
}

/** The URLs that are known, by channel key. */
export function known(secrets: Secrets): Record<string, string | undefined> {
  return Object.fromEntries(secrets.webhookKeys().map((key) => [key, secrets.webhook(key)?.reveal()]))
}

/** The signing secrets in plain text. */
export function signs(secrets: Secrets): string[] {
  return secrets.signingSecrets().map((secret) => secret.reveal())
}
