import type { CardData, CardName } from './card-data.ts'
import type { EVENT_TYPES } from './event-types.ts'

/** The data field by whose values a digest of a card's events is counted, where the card has one that tells something. */
export const GROUPED_BY: { readonly [C in CardName]?: keyof CardData<C> & string } = {
  vault_security_event: 'node',
  celery_task_failure: 'task_name',
  nphies_eligibility: 'payer',
  nphies_claim_submission: 'payer',
  nphies_claim_approved: 'payer',
  nphies_claim_rejected: 'rejection_code',
  nphies_api_error: 'error_type',
  system_alert: 'component',
  compliance_notification: 'subject',
  followup_status: 'insurance_company',
}

/** Event types that say that something is over, and the types that they close. */
export const RESOLVES: { readonly [T in keyof typeof EVENT_TYPES]?: readonly (keyof typeof EVENT_TYPES)[] } = {
  'vault.unseal.complete': ['vault.seal.detected', 'vault.unseal.failed'],
  'prometheus.alert.resolved': ['prometheus.alert.firing'],
  'nphies.eligibility.success': ['nphies.eligibility.failed'],
  'nphies.claim.approved': ['nphies.claim.rejected'],
  'deployment.completed': ['deployment.failed'],
}
