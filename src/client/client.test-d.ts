import { createClient } from './client.ts'

/** Checked by the compiler and never run. `npm run types` fails unless each line below `@ts-expect-error` is an error. */
export async function typesOfTheClient(): Promise<void> {
  const client = createClient({ url: 'http://127.0.0.1:8080', token: 'token' })

  const { eventId, notifications } = await client.send({
    eventType: 'vault.seal.detected',
    data: { node: 'vault-node-2.prod', auto_unseal_attempted: true },
    stakeholders: ['SRE', 'my-own-group'],
    priority: 'critical',
  })
  eventId satisfies string
  notifications satisfies readonly { id: string; channel: string; state: string }[]

  await client.sendMany([
    { eventType: 'celery.task.failure', data: { task_name: 't', task_id: 7, error: 'e' } },
    { eventType: 'deployment.completed', data: { component: 'c', summary: 's' }, occurredAt: new Date() },
  ])

  // @ts-expect-error no such event type
  await client.send({ eventType: 'vault.seal.detectd', data: { node: 'n' } })
  // @ts-expect-error a field that this type needs is missing
  await client.send({ eventType: 'vault.seal.detected', data: {} })
  // @ts-expect-error a field of another type
  await client.send({ eventType: 'vault.seal.detected', data: { node: 1 } })
  // @ts-expect-error a field that this type does not have
  await client.send({ eventType: 'vault.seal.detected', data: { node: 'n', claim_id: 'c' } })
  // @ts-expect-error data of another type
  await client.sendMany([{ eventType: 'deployment.completed', data: { node: 'n' } }])
  // @ts-expect-error no such priority
  await client.send({ eventType: 'vault.seal.detected', data: { node: 'n' }, priority: 'urgent' })
  // @ts-expect-error the JSON name of a field
  await client.send({ eventType: 'vault.seal.detected', data: { node: 'n' }, correlation_id: 'c' })

  const page = await client.notifications.list({ state: 'failed', since: new Date(), limit: 10 })
  page.notifications[0]?.sentAt satisfies Date | null | undefined
  // @ts-expect-error no such state
  await client.notifications.list({ state: 'lost' })
  // @ts-expect-error a time is a Date here
  await client.notifications.list({ since: '2026-11-21' })

  const detail = await client.notifications.get('id')
  detail.attempts[0]?.startedAt satisfies Date | undefined
  // @ts-expect-error a list shows no data
  void page.notifications[0]?.data

  const silence = await client.silences.create({
    matchers: [{ field: 'event_type', operator: '=', value: 'celery.*' }],
    endsAt: new Date(),
    reason: 'broker moves',
  })
  silence.occurrence?.endsAt satisfies Date | undefined
  silence.state satisfies 'active' | 'waiting' | 'over'
  await client.silences.list({ state: 'active', kind: 'maintenance' })
  // @ts-expect-error a list does not count
  void (await client.silences.list()).silences[0]?.keptBack
  // @ts-expect-error a reason is needed
  await client.silences.create({ matchers: [], endsAt: new Date() })
  // @ts-expect-error no such operator
  await client.silences.create({ matchers: [{ field: 'x', operator: '~', value: '' }], endsAt: '', reason: '' })

  // @ts-expect-error a URL is needed
  createClient({ token: 'token' })
}
