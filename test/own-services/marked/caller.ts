import { connect } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Capture } from './capture.ts'
import { asCloudEvent, onTheWire, patientEvent, patientWebhook } from './events.ts'
import type { Marks } from './marks.ts'

/** Somebody who speaks to a gateway over HTTP; every answer is captured, with its headers. */
export interface Caller {
  ask(
    what: string,
    path: string,
    request?: { readonly body?: string | Buffer; readonly method?: string; readonly headers?: Record<string, string> },
  ): Promise<{ readonly status: number; readonly body: string }>
  /** Writes bytes that are no HTTP. */
  mumble(what: string, bytes: string): Promise<void>
}

/** A caller who shows `token` wherever no other credentials are given. */
export function createCaller(origin: string, token: string, capture: Capture): Caller {
  return {
    async ask(what, path, { body, method = body === undefined ? 'GET' : 'POST', headers = {} } = {}) {
      const shown =
        'authorization' in headers || 'webhook-signature' in headers ? {} : { authorization: `Bearer ${token}` }
      const answer = await fetch(origin + path, {
        method,
        headers: { 'content-type': 'application/json', ...shown, ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      })
      const text = await answer.text()
      capture.add(`answer ${what}`, `${answer.status} ${JSON.stringify([...answer.headers])} ${text}`)
      return { status: answer.status, body: text }
    },
    mumble: (what, bytes) =>
      new Promise((resolve) => {
        const { port } = new URL(origin)
        let answer = ''
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
        socket.on('data', (data) => {
          answer += data
        })
        socket.on('error', () => {})
        socket.on('close', () => {
          capture.add(`answer ${what}`, answer)
          resolve()
        })
      }),
  }
}

const ALERTS = '/v1/inbound/alertmanager/default'

/** Sends patients through every door of the HTTP service. Resolves with the number of events that were accepted. */
export async function sendEveryWay({ ask }: Caller, marks: Marks): Promise<number> {
  const event = (name: string) => patientEvent(marks, name)
  const cloud = (name: string) => asCloudEvent(event(name))
  const answers = [
    await ask('single', '/v1/events', { body: onTheWire(event('single')) }),
    await ask('again', '/v1/events', { body: onTheWire(event('single')) }),
    await ask('batch', '/v1/events', { body: `[${onTheWire(event('batch1'))},${onTheWire(event('batch2'))}]` }),
    await ask('cloud event', '/v1/events', {
      body: JSON.stringify(cloud('structured')),
      headers: { 'content-type': 'application/cloudevents+json' },
    }),
    await ask('cloud events', '/v1/events', {
      body: JSON.stringify([cloud('cloud1'), cloud('cloud2')]),
      headers: { 'content-type': 'application/cloudevents-batch+json' },
    }),
    await ask('alert', ALERTS, { body: patientWebhook(marks, 'firing') }),
    await ask('alert resolved', ALERTS, { body: patientWebhook(marks, 'resolved') }),
  ]
  const { data, ...attributes } = cloud('binary')
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURIComponent(String(value))])
  answers.push(
    await ask('binary cloud event', '/v1/events', { body: JSON.stringify(data), headers: Object.fromEntries(headers) }),
    await ask('signed', '/v1/events', signed(marks, onTheWire(event('signed')), new Date())),
  )
  for (const { status, body } of answers) if (status !== 202) throw new Error(`not accepted: ${body}`)
  return answers.flatMap(({ body }) => (JSON.parse(body) as { events: unknown[] }).events).length
}

function signed({ secrets, patient }: Marks, body: string, at: Date) {
  const id = `msg-${patient.id}`
  const signature = new Webhook(secrets.inbound ?? '').sign(id, at, body)
  const timestamp = String(Math.floor(at.getTime() / 1000))
  return { body, headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } }
}

/** Sends what has to be refused, with marks in every place. Resolves with the statuses that were answered, each once. */
export async function knockWrongly({ ask, mumble }: Caller, marks: Marks): Promise<readonly number[]> {
  const { patient, secrets } = marks
  const { id } = patient
  const good = onTheWire(patientEvent(marks, 'bad'))
  const everywhere = Object.fromEntries(
    [
      'event_type',
      'priority',
      'language',
      'occurred_at',
      'stakeholders',
      'data',
      'correlation_id',
      'idempotency_key',
    ].map((field) => [field, field.endsWith('_id') || field.endsWith('_key') ? `${id}\n` : id]),
  )
  const labels = { component: id, summary: '', labels: { [id]: [id] }, runbook_url: id, starts_at: id, node: [id] }
  const bodies: [string, string | Buffer, Record<string, string>?][] = [
    ['no JSON', `{"data": ${id}`],
    ['no JSON either', `{"${id}": tru`],
    ['no UTF-8', Buffer.concat([Buffer.from(good), Buffer.from([0xff])])],
    ['wrong everywhere', JSON.stringify(everywhere)],
    ['unknown fields', JSON.stringify({ [id]: 1, [`patient ${id}`]: 2, patient_id: id })],
    ['wrong data', JSON.stringify({ event_type: 'prometheus.alert.firing', data: labels, stakeholders: [id, { id }] })],
    ['one bad of three', `[${good},{"event_type":"${id}"},${good}]`],
    ['too many', `[${Array(1001).fill(`"${id}"`).join()}]`],
    ['too deep', `{"event_type":"deployment.failed","data":${'{"x":'.repeat(40)}"${id}"${'}'.repeat(40)}}`],
    ['prototype', `{"event_type":"deployment.failed","data":{"__proto__":{"a":"${id}"}}}`],
    ['too large', JSON.stringify({ ...everywhere, data: { patient_id: id, error: 'x'.repeat(200_000) } })],
    ['a text', JSON.stringify(id)],
    ['wrong media type', good, { 'content-type': `text/${id}` }],
    [
      'bad cloud event',
      JSON.stringify({ specversion: id, type: id, id: [id] }),
      { 'content-type': 'application/cloudevents+json' },
    ],
    ['bad cloud headers', `"${id}"`, { 'ce-specversion': id, 'ce-type': `%zz${id}`, 'ce-id': id, 'ce-source': id }],
    ['wrong length', good, { 'content-encoding': id }],
    ['no token', good, { authorization: '' }],
    ['unknown token', good, { authorization: `Bearer ${secrets.token}x` }],
    ['another scheme', good, { authorization: `Digest ${secrets.token}` }],
    ['a password', good, { authorization: `Basic ${Buffer.from(`${id}:${secrets.token}x`).toString('base64')}` }],
    ['wrong scope', good, { authorization: `Bearer ${secrets.readToken}` }],
    ['bad signature', good, { ...signed(marks, `${good} `, new Date()).headers }],
    ['old signature', good, { ...signed(marks, good, new Date(Date.now() - 3_600_000)).headers }],
    ['half a signature', good, { 'webhook-signature': `v1,${secrets.inbound}` }],
  ]
  const statuses = new Set<number>()
  for (const [what, body, headers = {}] of bodies)
    statuses.add((await ask(what, '/v1/events', { body, headers })).status)
  const query = encodeURIComponent(id)
  const webhook = patientWebhook(marks, 'firing')
  for (const body of [
    `{"version": ${id}`,
    `<html>${id}`,
    JSON.stringify(id),
    JSON.stringify({ version: id, groupKey: [id], status: id, alerts: [id, { labels: { [id]: [id] }, status: id }] }),
    JSON.stringify({ version: '4', groupKey: id, status: 'firing', alerts: [{ labels: { a: 'b' }, startsAt: id }] }),
  ])
    statuses.add((await ask('no alert', ALERTS, { body })).status)
  statuses.add((await ask('unknown source', `/v1/inbound/alertmanager/${query}`, { body: webhook })).status)
  for (const path of [
    `/v1/notifications?state=${query}&priority=${query}&since=${query}&limit=${query}&cursor=${query}&${query}=1`,
    `/v1/notifications?correlation_id=${query}&event_type=${query}&channel=${query}`,
    `/v1/notifications/${query}`,
    `/v1/notifications/${query}/replay`,
    `/${query}?token=${secrets.token}`,
    `/v1/events/%zz${query}`,
    `/v1/notifications/${'x'.repeat(150)}${query}`,
  ])
    for (const method of ['GET', 'POST', 'DELETE'])
      statuses.add((await ask(path, path, { method, headers: { cookie: id, 'x-correlation-id': id } })).status)
  await mumble('no HTTP', `GET /${id} HTTP/1.1\r\n${id}\r\n\r\n`)
  await mumble('large headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${id.repeat(2_000)}\r\n\r\n`)
  return [...statuses].sort()
}
