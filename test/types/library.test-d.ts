import {
  type Acceptance,
  type AdaptiveCard,
  buildCard,
  type CardBuilder,
  createCardBuilder,
  createGateway,
  type EventInput,
  type EventType,
  type EventTypes,
  type Gateway,
  type Language,
  type NotificationDetail,
  type PagerAlert,
  type Priority,
  type StakeholderGroup,
  sendTeamsNotification,
  signPayload,
  TeamsPriority,
  verifySignature,
} from '../../src/index.ts'

/**
 * Nothing here runs: the compiler checks it. Each line under an `@ts-expect-error` must be refused, or `npm run types`
 * fails. A user's own types are in `own-types.test-d.ts`.
 */
export async function typesOfTheLibrary(gateway: Gateway): Promise<void> {
  // The contract's example, and the two of the platform's own documents, field for field.
  await sendTeamsNotification({
    eventType: 'vault.seal.detected',
    correlationId: 'vault-seal-abc123',
    data: { node: 'vault-node-2.prod', cluster_id: 'cluster-abc123', auto_unseal_attempted: true },
    stakeholders: ['Security Eng.', 'SRE', 'CloudOps'],
    priority: TeamsPriority.CRITICAL,
  })
  const sealed = await sendTeamsNotification({
    eventType: 'vault.seal.detected',
    correlationId: 'vault-seal-abc123',
    data: {
      node: 'vault-node-2.prod.svc.cluster.local',
      cluster_id: 'cluster-abc123',
      sealed_at: '2025-01-15T14:23:45Z',
      auto_unseal_attempted: true,
      auto_unseal_error: 'Azure Key Vault timeout',
    },
    stakeholders: ['Security Eng.', 'SRE', 'CloudOps'],
    priority: TeamsPriority.CRITICAL,
  })
  sealed satisfies Acceptance
  sealed.eventId satisfies string
  sealed.notifications[0]?.channel satisfies string | undefined
  await sendTeamsNotification({
    eventType: 'nphies.claim.submitted',
    correlationId: 'corr-claim-xyz789',
    data: {
      claim_id: 'CLM-2025-001234',
      poll_id: 'POLL-ABC123XYZ',
      patient_id: 'P123456789',
      provider: 'King Fahad Medical City (KFMC)',
      payer: 'Saudi Payer (701)',
      total_amount: '15000 SAR',
      services: [
        { description: 'Consultation (E/M 99213)', amount: '500 SAR' },
        { description: 'Lab Tests (CBC, HbA1c)', amount: '1500 SAR' },
        { description: 'Medication (Metformin 1000mg)', amount: '3000 SAR' },
      ],
    },
    stakeholders: ['Integration Team', 'PMO'],
    priority: TeamsPriority.INFO,
  })

  // Nothing but the type and its data is needed; ids may be numbers, amounts too.
  await sendTeamsNotification({ eventType: 'celery.task.dlq', data: { task_name: 't', task_id: 7, error: 'e' } })
  await sendTeamsNotification({
    eventType: 'nphies.claim.approved',
    data: { claim_id: 1, approved_amount: 13_500 },
    occurredAt: new Date(),
    idempotencyKey: 'key',
    language: 'ar',
    stakeholders: ['a group of my own'],
  })
  // Older names have the data of the type that they stand for.
  await sendTeamsNotification({ eventType: 'celery.task.failure', data: { task_name: 't', task_id: 't', error: 'e' } })
  await sendTeamsNotification({ eventType: 'system.rabbitmq.node_down', data: { component: 'RabbitMQ', summary: 's' } })

  // @ts-expect-error no such event type
  await sendTeamsNotification({ eventType: 'vault.seal.detectd', data: { node: 'n' } })
  // @ts-expect-error the type has to be known when the program is compiled
  await sendTeamsNotification({ eventType: 'vault.seal.detected' as string, data: { node: 'n' } })
  // @ts-expect-error no event type
  await sendTeamsNotification({ data: { node: 'n' } })
  // @ts-expect-error no data
  await sendTeamsNotification({ eventType: 'vault.seal.detected' })
  // @ts-expect-error a field that this type needs is missing
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { cluster_id: 'c' } })
  // @ts-expect-error a field that this type does not have
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n', claim_id: 'c' } })
  // @ts-expect-error a field with another type
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n', auto_unseal_attempted: 'yes' } })
  // @ts-expect-error data of another type
  await sendTeamsNotification({ eventType: 'deployment.failed', data: { node: 'n' } })
  await sendTeamsNotification({
    eventType: 'nphies.api.error',
    // @ts-expect-error a value that is not one of those that there are
    data: { error_type: 'other', operation: 'o', error_message: 'm' },
  })
  await sendTeamsNotification({
    eventType: 'nphies.claim.submitted',
    // @ts-expect-error an item of a list without what it needs
    data: { claim_id: 'c', provider: 'p', payer: 'p', total_amount: 1, services: [{ description: 'd' }] },
  })
  // @ts-expect-error no such priority
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, priority: 'urgent' })
  // @ts-expect-error no such priority
  TeamsPriority.URGENT satisfies Priority
  // @ts-expect-error no such language
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, language: 'fr' })
  // @ts-expect-error the wire's name of a field
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, correlation_id: 'c' })
  // @ts-expect-error an id that is no text
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, correlationId: 7 })
  // @ts-expect-error one group and no list
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, stakeholders: 'SRE' })

  // A gateway of one's own checks the same, one by one and in lists of different types.
  await gateway.sendMany([
    { eventType: 'vault.seal.detected', data: { node: 'n' }, priority: 'critical' },
    { eventType: 'deployment.completed', data: { component: 'c', summary: 's', labels: { version: 1 } } },
  ])
  // @ts-expect-error data of another type
  await gateway.send({ eventType: 'deployment.completed', data: { node: 'n' } })
  await gateway.sendMany([
    { eventType: 'vault.seal.detected', data: { node: 'n' } },
    // @ts-expect-error data of another type, in one of the events
    { eventType: 'deployment.completed', data: { node: 'n' } },
  ])
  // @ts-expect-error something that is no transaction
  await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'n' } }, { transaction: {} })
  // @ts-expect-error no such setting
  await createGateway({ settings: { TEAMS_DATABASE_URL: 'postgres://' } })
  // @ts-expect-error no such language in the configuration
  await createGateway({ config: { channels: { sre: { language: 'fr' } } } })

  // Cards are built from the same events, for a channel that has to be named.
  const card = buildCard({ eventType: 'vault.seal.detected', data: { node: 'n' } }, { channel: 'sre', language: 'ar' })
  JSON.stringify(card satisfies AdaptiveCard)
  const cards: CardBuilder = createCardBuilder({ settings: { TEAMS_PHI_POLICY: 'omit' } })
  cards.build({ eventType: 'deployment.completed', data: { component: 'c', summary: 's' } }, { channel: 'sre' })
  // @ts-expect-error no such event type
  buildCard({ eventType: 'vault.seal.detectd', data: { node: 'n' } }, { channel: 'sre' })
  // @ts-expect-error data of another type
  buildCard({ eventType: 'deployment.failed', data: { node: 'n' } }, { channel: 'sre' })
  // @ts-expect-error a field that this type does not have
  cards.build({ eventType: 'vault.seal.detected', data: { node: 'n', claim_id: 'c' } }, { channel: 'sre' })
  // @ts-expect-error no channel
  buildCard({ eventType: 'vault.seal.detected', data: { node: 'n' } }, { language: 'ar' })
  // @ts-expect-error no such language
  buildCard({ eventType: 'vault.seal.detected', data: { node: 'n' } }, { channel: 'sre', language: 'fr' })
  // @ts-expect-error no such setting
  createCardBuilder({ settings: { TEAMS_PHI: 'omit' } })

  // Signatures: headers that go into a request as they are, and a result whose id is there for one form only.
  const headers = signPayload('body', { secret: 's', id: 'msg_1', timestamp: new Date() })
  headers['webhook-signature'] satisfies string
  new Request('http://127.0.0.1', { headers })
  const verified = verifySignature('body', headers, ['s'])
  if (verified.form === 'standard') verified.id satisfies string
  verifySignature(new Uint8Array(), new Headers(headers), ['s'], { plain: true })
  // @ts-expect-error not known before the form is
  verified.id satisfies string
  // @ts-expect-error no id
  signPayload('body', { secret: 's' })
  // @ts-expect-error a body that was parsed
  verifySignature({}, headers, ['s'])
  // @ts-expect-error one secret and no list
  verifySignature('body', headers, 's')

  // Each value of TeamsPriority is its own literal, and together they are all priorities.
  TeamsPriority.CRITICAL satisfies 'CRITICAL'
  const every: { readonly [P in Priority]: P } = TeamsPriority
  every satisfies typeof TeamsPriority
  // A group is a name or a key of the built-in table, which the compiler knows as literals, or any text.
  const groups: readonly StakeholderGroup[] = ['Security Eng.', 'security_eng', 'a group of my own']
  await sendTeamsNotification({ eventType: 'vault.seal.detected', data: { node: 'n' }, stakeholders: groups })
  // Without the text there would be no literals left for an editor to complete.
  'Security Eng.' satisfies Literal<StakeholderGroup>
  'nphies_integration' satisfies Literal<StakeholderGroup>
  // @ts-expect-error no literal of the table
  'a group of my own' satisfies Literal<StakeholderGroup>
  // @ts-expect-error a group that is no text
  7 satisfies StakeholderGroup

  const priority: Priority = TeamsPriority.HIGH
  const language: Language = 'ar'
  const event: EventInput<'vault.seal.detected'> = {
    eventType: 'vault.seal.detected',
    data: { node: 'n' },
    priority,
    language,
  }
  event.data satisfies EventTypes['vault.seal.detected']
  'vault.seal.detected' satisfies EventType
  // @ts-expect-error the data of another type
  event.data satisfies EventTypes['deployment.completed']

  const detail: Pick<NotificationDetail, 'pagerAlerts'> = { pagerAlerts: [] }
  const alert: PagerAlert | undefined = detail.pagerAlerts[0]
  alert?.state satisfies
    | 'pending'
    | 'accepted'
    | 'opened'
    | 'acknowledged'
    | 'resolved'
    | 'failed'
    | 'folded'
    | 'skipped'
    | undefined
}

/** The literals of a union: what is left of it without the text that takes any value. */
type Literal<T extends string> = T extends unknown ? (string & {} extends T ? never : T) : never
