import { sendTeamsNotification } from '../../src/app/send-teams-notification.ts'
import { TeamsPriority } from '../../src/catalogue/priority.ts'

// A program as users write them: it sends the two events of the platform's own usage example and is done. It neither starts nor
// stops anything, and ends by itself.

const answers = [
  await sendTeamsNotification({
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
  }),
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
  }),
]
console.log(JSON.stringify(answers))
