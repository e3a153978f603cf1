import type { Canonical, Sample } from './sample.ts'

export const NPHIES: { readonly [T in Extract<Canonical, `nphies.${string}`>]: Sample<T> } = {
  'nphies.eligibility.success': {
    correlationId: 'corr-elig-0041',
    occurredAt: '2025-01-15T08:15:00Z',
    data: {
      patient_id: 'P••••6789',
      member_id: 'M••••4321',
      payer: 'Bupa Arabia (301)',
      status: 'eligible',
      coverage_start: '2025-01-01',
      coverage_end: '2025-12-31',
    },
  },
  'nphies.eligibility.denied': {
    correlationId: 'corr-elig-0043',
    occurredAt: '2025-01-15T08:20:00Z',
    data: {
      patient_id: 'P••••1177',
      member_id: 'M••••9035',
      payer: 'التعاونية للتأمين (102)',
      status: 'denied',
      coverage_start: '2024-01-01',
      coverage_end: '2024-12-31',
      reason: 'انتهت صلاحية وثيقة التأمين رقم POL-2024-88123 بتاريخ 2024-12-31.',
    },
  },
  'nphies.eligibility.failed': {
    correlationId: 'corr-elig-0044',
    occurredAt: '2025-01-15T08:22:00Z',
    data: {
      error_type: 'network',
      operation: 'CoverageEligibilityRequest',
      error_message: 'connect ETIMEDOUT after 30,000 ms',
      member_id: 'M••••9035',
      payer: 'Tawuniya (102)',
      retry_count: 3,
      max_retries: 3,
    },
  },
  'nphies.claim.submitted': {
    correlationId: 'corr-claim-xyz789',
    occurredAt: '2025-01-15T10:30:00Z',
    data: {
      claim_id: 'CLM-2025-001234',
      poll_id: 'POLL-ABC123XYZ',
      patient_id: 'P••••6789',
      provider: 'King Fahad Medical City (KFMC)',
      payer: 'Saudi Payer (701)',
      total_amount: '15000 SAR',
      services: [
        { description: 'Consultation (E/M 99213)', amount: '500 SAR' },
        { description: 'Lab Tests (CBC, HbA1c)', amount: '1500 SAR' },
        { description: 'Medication (Metformin 1000mg)', amount: '3000 SAR' },
      ],
    },
  },
  'nphies.claim.approved': {
    correlationId: 'corr-claim-xyz789',
    occurredAt: '2025-01-16T07:12:44Z',
    data: {
      claim_id: 'CLM-2025-001234',
      approval_number: 'APR-7710025',
      patient_id: 'P••••6789',
      payer: 'Saudi Payer (701)',
      approved_amount: 13500,
      net_amount: 13500,
      patient_share: 1350,
      payer_share: 12150,
      notes: 'Metformin approved for 90 days.\nLab tests approved in full.',
    },
  },
  'nphies.claim.rejected': {
    correlationId: 'corr-claim-abc456',
    occurredAt: '2025-01-16T09:03:10Z',
    data: {
      claim_id: 'CLM-2025-001240',
      patient_id: 'P••••2210',
      payer: 'Tawuniya (102)',
      rejection_code: 'BE-1-4',
      rejection_reason: 'Service is not covered without prior authorization.',
      errors: [
        { field: 'Claim.insurance[0].preAuthRef', message: 'A prior authorization number is required for item 2.' },
        { field: 'Claim.diagnosis[1].diagnosis', message: 'ICD-10-AM code E11.9_x is not valid.' },
      ],
    },
  },
  'nphies.api.error': {
    correlationId: 'corr-claim-def001',
    occurredAt: '2025-01-16T10:00:00Z',
    data: {
      error_type: 'api',
      operation: 'submit_claim (Claim/$submit)',
      error_message: 'HTTP 503 from https://hsb.nphies.sa/$process-message: upstream unavailable',
      claim_id: 'CLM-2025-001251',
      patient_id: 'P••••0098',
      payer: 'Saudi Payer (701)',
      retry_count: 3,
      max_retries: 3,
    },
  },
  'nphies.certificate.invalid': {
    correlationId: 'nphies-mtls-prod',
    occurredAt: '2025-02-18T00:00:30Z',
    data: {
      error_type: 'certificate',
      operation: 'TLS handshake with hsb.nphies.sa',
      error_message: 'certificate has expired (CN=claimlinc.givc.sa)',
    },
  },
  'nphies.jwt.expired': {
    correlationId: 'nphies-jwt-prod',
    occurredAt: '2025-01-16T10:05:00Z',
    data: {
      error_type: 'jwt',
      operation: 'poll_responses',
      error_message: 'HTTP 401 invalid_token: token expired 00:02:13 ago',
    },
  },
}
