import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Wired, wire } from '../../src/app/wiring.ts'
import type { GatewayOptions } from '../../src/gateway/options.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { QUICK, serveQuick } from './gateways.ts'

type Body = {
  alerts: { labels: Record<string, string>; fingerprint: string; status: string }[]
  [key: string]: unknown
}

const payload = (name: string): Body =>
  JSON.parse(readFileSync(new URL(`../fixtures/alertmanager/${name}.json`, import.meta.url), 'utf8'))

/** A group of `alerts` with these fingerprints that fire. */
function group(fingerprints: readonly string[], labels: Record<string, string> = {}): Body {
  const body = payload('one-firing')
  const [alert] = body.alerts
  if (alert === undefined) throw new Error('the payload has no alert')
  return {
    ...body,
    alerts: fingerprints.map((fingerprint) => ({
      ...alert,
      labels: { ...alert.labels, instance: fingerprint, ...labels },
      fingerprint,
    })),
  }
}
const over = (body: Body): Body => ({
  ...body,
  status: 'resolved',
  alerts: body.alerts.map((alert) => ({ ...alert, status: 'resolved', endsAt: '2026-11-30T08:00:00Z' })),
})

interface Row {
  readonly event_type: string
  readonly priority: string
  readonly channel: string
  readonly state: string
  readonly reason: string | null
  readonly resolved: boolean
}

function receiver({ service, database }: Pick<Wired, 'service' | 'database'>) {
  return {
    database,
    receive: (body: unknown, name = 'default', origin = 'test') => service.receiveAlerts(name, body, origin),
    metrics: async () => (await service.metrics()).body,
    async rows(): Promise<readonly Row[]> {
      const { rows } = await sql<Row>`
        SELECT n.event_type, n.priority, n.channel,
               CASE WHEN n.state = 'suppressed' THEN 'suppressed' ELSE 'card' END AS state, n.reason,
               EXISTS (SELECT 1 FROM teams_resolutions r WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
                         AND (r.created_at, r.event_id) > (n.received_at, n.event_id)) AS resolved
          FROM teams_notifications n WHERE n.event_type NOT LIKE 'gateway.%' ORDER BY n.id`.execute(database.kysely)
      return rows
    },
    silence: (value: string) =>
      service.createSilence(
        {
          matchers: [{ field: 'event_type', operator: '=', value }],
          endsAt: new Date(Date.now() + 3_600_000),
          reason: 'test',
        },
        'test',
      ),
    /** Has somebody acknowledge all that has a card, some minutes ago. */
    async acknowledge(minutesAgo: number) {
      await sql`UPDATE teams_notifications
                   SET acknowledged_by = 'Sara', acknowledged_at = now() - make_interval(mins => ${minutesAgo})
                 WHERE state <> 'suppressed'`.execute(database.kysely)
    },
    /** Has all wait that write events; returns how to end that. */
    async holdEvents() {
      const held = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      const done = database.kysely.transaction().execute(async (transaction) => {
        await sql`LOCK TABLE teams_events IN SHARE MODE`.execute(transaction)
        held.resolve()
        await released.promise
      })
      await held.promise
      return async () => {
        released.resolve()
        await done
      }
    },
    /** The number of locks that are waited for in this database. */
    async waiting() {
      const { rows } = await sql<{ count: number }>`
        SELECT count(*)::int AS count FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE NOT l.granted AND d.datname = current_database()`.execute(database.kysely)
      return rows[0]?.count
    },
    /** Lets ten minutes pass, or another time, for the record. */
    async wait(seconds = 600) {
      const ago = sql`make_interval(secs => ${seconds}::float8)`
      await sql`UPDATE teams_events SET created_at = created_at - ${ago}`.execute(database.kysely)
      await sql`UPDATE teams_notifications SET created_at = created_at - ${ago}, received_at = received_at - ${ago}`.execute(
        database.kysely,
      )
      await sql`UPDATE teams_resolutions SET created_at = created_at - ${ago}`.execute(database.kysely)
      await sql`UPDATE teams_alert_events SET event_created_at = event_created_at - ${ago}`.execute(database.kysely)
    },
  }
}

const SRE = { stakeholder_groups: { sre: { channels: ['sre'] } } } as const
const toSre = { team: 'SRE' }

/** A gateway that only accepts: these tests are about rows, not about cards. */
async function accepting(kind: (typeof KINDS)[number], config: GatewayOptions['config'] = SRE) {
  const wired = await wire({ env: {}, settings: { ...QUICK, ...(await startedStore(kind)) }, config, deliver: false })
  onTestFinished(() => wired.stop())
  return receiver(wired)
}

describe.each(KINDS)('webhooks of an Alertmanager, on %s', (kind) => {
  it('make a card when a group fires, and one where it was when the group is resolved', async () => {
    const { receive, rows } = await accepting(kind)
    const [first] = await receive(group(['a'], toSre))
    expect(first).toMatchObject({ duplicate: false, notifications: [{ channel: 'sre' }] })
    const firing = { event_type: 'prometheus.alert.firing', priority: 'CRITICAL', channel: 'sre', state: 'card' }
    expect(await rows()).toMatchObject([{ ...firing, resolved: false }])

    await receive(over(group(['a'], toSre)))
    const resolved = { event_type: 'prometheus.alert.resolved', priority: 'INFO', channel: 'sre', state: 'card' }
    expect(await rows()).toMatchObject([{ ...firing, resolved: true }, resolved])

    await receive(group(['a'], toSre))
    expect(await rows()).toMatchObject([{}, {}, { ...firing, resolved: false }])
  })

  it('that come again at once, also at the same time, are answered as the first one', async () => {
    const { receive, rows } = await accepting(kind)
    const answers = await Promise.all([1, 2, 3].map(() => receive(group(['a', 'b'], toSre))))
    answers.push(await receive(group(['b', 'a'], toSre)))
    expect(new Set(answers.flat().map(({ eventId }) => eventId)).size).toBe(1)
    expect(answers.flat().filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    await receive(over(group(['a', 'b'], toSre)))
    expect(await receive(over(group(['a', 'b'], toSre)))).toMatchObject([{ duplicate: true }])
    expect(await rows()).toHaveLength(2)
  })

  it('of different states of a group, all at the same time, leave no open card when the last is its end', async () => {
    const { receive, rows } = await accepting(kind)
    const crash = group(['a'], { ...toSre, event_type: 'kubernetes.pod.crashloop' })
    await Promise.all([receive(crash), receive(group(['a', 'b'], toSre)), receive(over(group(['a'], toSre)))])
    await receive(over(group(['a', 'b'], toSre)))
    const firing = (await rows()).filter(({ event_type }) => event_type !== 'prometheus.alert.resolved')
    expect(firing.length).toBeGreaterThan(1)
    expect(firing.every(({ resolved }) => resolved)).toBe(true)
  })

  it('repeat an unchanged group without a card and are counted, at every priority', async () => {
    const { receive, rows, wait } = await accepting(kind)
    const low = { ...toSre, severity: 'low' }
    await receive({ ...group(['a'], low), groupKey: 'low' })
    await receive(group(['a'], toSre))
    await wait()
    await receive({ ...group(['a'], low), groupKey: 'low' })
    await receive(group(['a'], toSre))
    const repeat = { state: 'suppressed', reason: 'repeat' }
    expect(await rows()).toMatchObject([{ priority: 'LOW' }, {}, { ...repeat, priority: 'LOW' }, repeat])
  })

  it('make a card when a group gets worse, and none when a part of it is resolved', async () => {
    const { receive, rows, wait } = await accepting(kind)
    await receive(group(['a'], { ...toSre, severity: 'warning' }))
    await wait()
    await receive(group(['a', 'b'], { ...toSre, severity: 'warning' }))
    await wait()
    await receive(group(['b'], { ...toSre, severity: 'warning' }))
    await wait()
    await receive(group(['b'], { ...toSre, severity: 'critical' }))
    expect(await rows()).toMatchObject([
      { state: 'card' },
      { state: 'card' },
      { state: 'suppressed', reason: 'repeat' },
      { state: 'card', priority: 'CRITICAL' },
    ])
    await receive(over(group(['b'], toSre)))
    expect((await rows()).map(({ resolved }) => resolved)).toEqual([true, true, true, true, false])
  })

  it('show an alert that joined while repeats were suppressed, with the first webhook after that', async () => {
    const { receive, rows, wait } = await accepting(kind)
    const repeat = { state: 'suppressed', reason: 'repeat' }
    await receive(group(['a'], toSre))
    await receive(group(['a', 'b'], toSre))
    expect(await rows()).toMatchObject([{ state: 'card' }, repeat])
    await wait()
    await receive(group(['a', 'b'], toSre))
    expect(await rows()).toMatchObject([{ state: 'card' }, repeat, { state: 'card' }])
    // A second Alertmanager that knows only one of them, and the first one again.
    for (const view of [['a'], ['a', 'b'], ['b']]) {
      await wait()
      await receive(group(view, toSre))
    }
    expect((await rows()).slice(3)).toMatchObject([repeat, repeat, repeat])
  })

  it('show an alert that joined one group_interval later, which may be a second shorter than TEAMS_REPEAT_WINDOW', async () => {
    const { receive, rows, wait } = await accepting(kind)
    await receive(group(['a'], toSre))
    await wait(299)
    await receive(group(['a', 'b'], toSre))
    expect(await rows()).toMatchObject([{ state: 'card' }, { state: 'card' }])
  })

  it('with the alerts of another one count for themselves where priority, type or caller differ', async () => {
    const { receive, rows } = await accepting(kind)
    const forged = [
      group(['a'], { ...toSre, severity: 'none' }),
      group(['a'], { ...toSre, event_type: 'deployment.failed', severity: 'info' }),
    ]
    for (const body of forged) await receive(body, 'default', 'http:other')
    const [real] = await receive(group(['a'], toSre), 'default', 'http:alertmanager')
    expect(real).toMatchObject({ duplicate: false, notifications: [{ channel: 'sre', state: 'pending' }] })
    expect((await rows()).at(-1)).toMatchObject({ priority: 'CRITICAL', state: 'card' })
  })

  it('whose listed alerts are resolved close nothing where others were left out, and are no end of them', async () => {
    const { receive, rows, wait } = await accepting(kind)
    const cut = { ...over(group(['a', 'b'], toSre)), truncatedAlerts: 7 }
    await receive(group(['a', 'b', 'c'], toSre))
    await wait()
    await receive(cut)
    const open = { event_type: 'prometheus.alert.firing', channel: 'sre', resolved: false }
    expect(await rows()).toMatchObject([
      { ...open, state: 'card' },
      { ...open, state: 'suppressed', reason: 'repeat' },
    ])
    await receive({ ...cut, groupKey: 'of which the gateway was told nothing' })
    expect((await rows()).at(-1)).toMatchObject({ ...open, state: 'card' })
    await receive(over(group(['c'], toSre)))
    expect((await rows()).map(({ resolved }) => resolved)).toEqual([true, true, false, false])
  })

  it('of a group that somebody has acknowledged make no card, also when it gets worse, until that expires', async () => {
    const { receive, rows, wait, acknowledge } = await accepting(kind)
    await receive(group(['a'], toSre))
    await acknowledge(59)
    await wait()
    await receive(group(['a', 'b'], toSre))
    const acknowledged = [{ state: 'card' }, { state: 'suppressed', reason: 'repeat' }]
    expect(await rows()).toMatchObject(acknowledged)
    await acknowledge(61)
    await wait()
    await receive(group(['a', 'b'], toSre))
    expect(await rows()).toMatchObject([...acknowledged, { state: 'card' }])
  })

  it('of a resolved group make no card where all its alerts were silenced, and close its events', async () => {
    const { receive, rows, silence } = await accepting(kind)
    await silence('prometheus.alert.firing')
    await receive(group(['a'], toSre))
    expect(await receive(over(group(['a'], toSre)))).toMatchObject([{ duplicate: false, notifications: [] }])
    expect(await rows()).toMatchObject([{ state: 'suppressed', reason: 'silence', resolved: true }])
  })

  it('of a group whose event type changes resolve all that it opened, in the channels of the cards', async () => {
    const { receive, rows } = await accepting(kind, {
      ...SRE,
      sources: {
        default: {
          kind: 'alertmanager',
          rules: [{ match: ['severity=critical'], channels: ['security_eng', 'devops'] }],
        },
      },
    })
    await receive(group(['a'], { severity: 'critical', event_type: 'kubernetes.pod.crashloop' }))
    await receive(group(['a', 'b'], toSre))
    await receive(over(group(['b'], { severity: 'none', ...toSre })))
    const all = await rows()
    expect(all.map(({ event_type, channel, resolved }) => [event_type, channel, resolved])).toEqual([
      ['kubernetes.pod.crashloop', 'security_eng', true],
      ['kubernetes.pod.crashloop', 'devops', true],
      ['prometheus.alert.firing', 'security_eng', true],
      ['prometheus.alert.firing', 'devops', true],
      ['prometheus.alert.resolved', expect.any(String), false],
      ['prometheus.alert.resolved', expect.any(String), false],
    ])
    expect(new Set(all.slice(4).map(({ channel }) => channel))).toEqual(new Set(['security_eng', 'devops']))
  })

  it('make their card, whatever a caller has sent with the correlation id of the group', async () => {
    const store = await startedStore(kind)
    const gateway = await serveQuick(store, { TEAMS_UNDECLARED_DATA: 'keep' })
    const { receive, rows } = receiver(gateway.wired)
    await receive(group(['a'], toSre))
    const { rows: events } = await sql<{ correlation_id: string; data: { alert_ids: string[] } }>`
      SELECT correlation_id, data FROM teams_events WHERE event_type = 'prometheus.alert.firing'`.execute(
      gateway.wired.database.kysely,
    )
    const { correlation_id: correlationId = '', data } = events[0] ?? {}
    await receive(over(group(['a'], toSre)))
    const forged = { component: 'c', summary: 's', alert_ids: data?.alert_ids ?? [] }
    const [taken] = await gateway.wired.service.accept(
      [{ eventType: 'deployment.completed', correlationId, data: forged }],
      'test',
    )
    expect(forged.alert_ids).toHaveLength(1)
    expect(taken?.ignored).toEqual(['alert_ids'])
    expect(await receive(group(['a'], toSre))).toMatchObject([{ duplicate: false }])
    expect((await rows()).filter(({ event_type }) => event_type === 'prometheus.alert.firing')).toMatchObject([
      { state: 'card' },
      { state: 'card' },
    ])
  })

  it('are forgotten by retention once they are older than 40 days', async () => {
    const { receive, database } = await accepting(kind)
    for (const groupKey of ['old', 'new']) await receive({ ...group(['a']), groupKey })
    await sql`UPDATE teams_alert_events SET event_created_at = now() - interval '41 days'
               WHERE id = (SELECT min(id) FROM teams_alert_events)`.execute(database.kysely)
    await applyRetention(database.kysely, 2_190, 90)
    const { rows } = await sql`SELECT id FROM teams_alert_events`.execute(database.kysely)
    expect(rows).toHaveLength(1)
  })

  it('with an event type whose data they do not have make an ordinary alert', async () => {
    const { receive, rows } = await accepting(kind)
    await receive(group(['a'], { ...toSre, event_type: 'celery.task.failed' }))
    expect(await rows()).toMatchObject([{ event_type: 'prometheus.alert.firing', state: 'card' }])
  })

  it('of an alert that must keep firing make no event, and are counted, its end too', async () => {
    const { receive, rows, metrics } = await accepting(kind)
    expect(await receive(payload('watchdog'))).toEqual([])
    expect(await receive(over(payload('watchdog')))).toEqual([])
    expect(await rows()).toEqual([])
    const counted = (outcome: string) => `teams_source_webhooks_total{source="default",outcome="${outcome}"} 1`
    for (const outcome of ['heartbeat', 'heartbeat_lost']) expect(await metrics()).toContain(counted(outcome))
  })
})

describe('a resolution, on postgres', () => {
  it('that comes while a webhook of its group is being accepted waits for it, and resolves its event', async () => {
    const { receive, rows, holdEvents, waiting } = await accepting('postgres')
    const release = await holdEvents()
    const firing = receive(group(['a'], { ...toSre, event_type: 'kubernetes.pod.crashloop' }))
    await expect.poll(waiting).toBe(1)
    const resolution = receive(over(group(['a'], toSre)))
    await expect.poll(waiting).toBe(2)
    await release()
    await Promise.all([firing, resolution])
    expect(await rows()).toMatchObject([
      { event_type: 'kubernetes.pod.crashloop', resolved: true },
      { event_type: 'prometheus.alert.resolved' },
    ])
  })
})

describe('POST /v1/inbound/alertmanager/{name}', () => {
  const TOKEN = 'alertmanager-token-0123456789'
  const TOKENS = { TEAMS_API_TOKENS: `alertmanager:send:${TOKEN},grafana:read:reader-token-0123456789` }
  async function start(settings: GatewayOptions['settings'] = TOKENS) {
    const gateway = await serveQuick(await startedStore('embedded'), settings)
    const post = async (
      body: string | Body,
      headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
      name = 'default',
    ) => {
      const answer = await fetch(`${gateway.origin}/v1/inbound/alertmanager/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return {
        status: answer.status,
        ...((await answer.json()) as { code?: string; errors?: unknown; events?: unknown }),
      }
    }
    return { post, metrics: () => gateway.wired.service.metrics() }
  }
  const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`am:${password}`).toString('base64')}` })

  it('takes a token of the scope send, as bearer or as basic auth', async () => {
    const { post } = await start()
    expect(await post(payload('one-firing'))).toMatchObject({ status: 202, events: [{ duplicate: false }] })
    expect(await post(payload('one-firing'), basic(TOKEN))).toMatchObject({
      status: 202,
      events: [{ duplicate: true }],
    })
    expect(await post(payload('grafana-group'), basic(TOKEN))).toMatchObject({
      status: 202,
      events: [{ duplicate: false }],
    })
    expect(await post(payload('one-firing'), {})).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect(await post(payload('one-firing'), basic('wrong-token-0123456789'))).toMatchObject({ status: 401 })
    expect(await post(payload('one-firing'), basic('reader-token-0123456789'))).toMatchObject({ status: 403 })
  })

  it('refuses with a status that Alertmanager does not retry, and says what is wrong', async () => {
    const { post, metrics } = await start({ ...TOKENS, TEAMS_MAX_BODY_BYTES: 4_096 })
    const refusals = {
      html: await post('<!doctype html><title>Sign in</title>'),
      json: await post('{"version":"4",'),
      empty: await post(''),
      version: await post({ ...payload('one-firing'), version: '3' }),
      list: await post('[]'),
      large: await post({ ...payload('one-firing'), pad: 'x'.repeat(5_000) }),
      name: await post(payload('one-firing'), undefined, 'other'),
      type: await post('a=b', {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/x-www-form-urlencoded',
      }),
    }
    expect(
      Object.fromEntries(Object.entries(refusals).map(([name, { status, code }]) => [name, [status, code]])),
    ).toEqual({
      html: [400, 'invalid_json'],
      json: [400, 'invalid_json'],
      empty: [400, 'invalid_json'],
      version: [422, 'invalid_alerts'],
      list: [422, 'invalid_alerts'],
      large: [413, 'body_too_large'],
      name: [404, 'not_found'],
      type: [415, 'unsupported_media_type'],
    })
    const { body } = await metrics()
    expect(body).toMatch(/^teams_events_refused_total\{code="invalid_json"\} 3$/m)
    expect(body).toMatch(/^teams_source_webhooks_total\{source="default",outcome="refused"\} 2$/m)
    expect(body).toMatch(/^teams_source_webhooks_total\{source="unknown",outcome="refused"\} 1$/m)
    expect(JSON.stringify(refusals.html.errors)).toContain('a page of HTML or XML')
    expect(JSON.stringify(refusals.name.errors)).toContain('one of: default')
  })

  it('needs a signature where only secrets are set', async () => {
    const { post } = await start({ TEAMS_INBOUND_SECRETS: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' })
    expect(await post(payload('one-firing'), {})).toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  it('keeps no value of a patient that only an alert beyond the listed ones, or a resolved one, has by name', async () => {
    const gateway = await serveQuick(await startedStore('embedded'), {})
    const { receive } = receiver(gateway.wired)
    const names = ['Zainab Alqahtani', 'Noura Alharbi']
    const body = group(Array.from({ length: 52 }, (_, index) => `f${index}`))
    const [first, , ...others] = body.alerts
    Object.assign(first ?? {}, { annotations: { summary: `Claims of ${names.join(' and ')} failed` } })
    Object.assign(others.at(-1)?.labels ?? {}, { patient_name: names[0] })
    Object.assign(others[0] ?? {}, { status: 'resolved', endsAt: '2026-11-30T08:00:00Z' })
    Object.assign(others[0]?.labels ?? {}, { patient_name: names[1] })
    await receive(body)
    const { rows } = await sql<{ data: string }>`
      SELECT data::text AS data FROM teams_events WHERE event_type = 'prometheus.alert.firing'`.execute(
      gateway.wired.database.kysely,
    )
    expect(rows[0]?.data).toContain('Claims of ')
    for (const name of names) expect(rows[0]?.data).not.toContain(name)
  })

  it('keeps no patient data of any field, and puts none into a link', async () => {
    const gateway = await serveQuick(await startedStore('embedded'), {})
    const { receive } = receiver(gateway.wired)
    const name = 'Zainab Alqahtani'
    const id = 'P900123456'
    const body = group(['a', 'b'])
    const texts = { description: `Claim of ${name} (${id}) failed`, national_id: '1098765432' }
    for (const [index, alert] of body.alerts.entries())
      Object.assign(alert, {
        labels: {
          ...alert.labels,
          alertname: 'ClaimFailed',
          ...(index === 0 ? { patient_name: name, patient_id: id } : {}),
        },
        annotations: { ...texts, summary: `${index} ${id}`, dashboard_url: `https://g.example/d/x?patient=${id}` },
        silenceURL: `https://g.example/silence?patient_name%3D${encodeURIComponent(name)}`,
      })
    await receive({ ...body, groupLabels: { patient_name: name, patient_id: id }, groupKey: `{}:{patient_id="${id}"}` })
    const single = group(['c'], { patient_name: name, patient_id: id })
    Object.assign(single.alerts[0] ?? {}, { annotations: texts })
    await receive({ ...single, groupLabels: { patient_name: name }, groupKey: `{}:{patient_name="${name}"}` })
    const kysely = gateway.wired.database.kysely
    const { rows } = await sql<{ text: string }>`
      SELECT e::text AS text FROM teams_events e UNION ALL SELECT n::text FROM teams_notifications n
       UNION ALL SELECT a::text FROM teams_audit_entries a UNION ALL SELECT k::text FROM teams_idempotency_keys k`.execute(
      kysely,
    )
    const all = rows.map(({ text }) => text).join('\n')
    expect(rows.length).toBeGreaterThan(4)
    for (const value of [name, encodeURIComponent(name), 'Alqahtani', id, '1098765432'])
      expect(all).not.toContain(value)
    expect(all).not.toContain('silence_url')
  })
})
