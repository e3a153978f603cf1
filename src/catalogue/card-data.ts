import { z } from 'zod'
import { GREGORIAN_EXPECTED, isHijri } from './moment.ts'

/**
 * Sets the length at which `src/intake/bounds.ts` cuts a text, in UTF-16 units. As metadata, which become part of the JSON
 * schemas. Rejected: `max`, which would refuse the event.
 */
const cutAt = <T extends z.ZodType>(schema: T, maxUnits: number): T => schema.meta({ 'x-cut-at': maxUnits }) as T

const line = cutAt(z.string({ error: 'some text' }).min(1, { error: 'some text' }), 1_000)
const id = z.union([line, z.number()], { error: 'text or a number' }).transform(String)
const prose = cutAt(z.string({ error: 'some text' }), 20_000)
const whole = z
  .number({ error: 'a whole number' })
  .int({ error: 'a whole number' })
  .min(0, { error: 'a whole number, 0 or more' })
/** An amount: a text that is shown unchanged (`15000 SAR`), or a number of SAR. */
const amount = z.union([line, z.number()], { error: 'text such as "15000 SAR", or a number of SAR' })
const gregorian = (text: string) => !isHijri(text)
/** A time: RFC 3339 with an offset, or a date alone. */
const moment = z.union([z.iso.datetime({ offset: true }).refine(gregorian), z.iso.date().refine(gregorian)], {
  error: ({ input }) =>
    typeof input === 'string' && isHijri(input)
      ? GREGORIAN_EXPECTED
      : 'a time such as 2026-11-21T10:00:00Z, or a date such as 2026-11-21',
})
const webUrl = z.url({ protocol: /^https?$/, error: 'an http or https URL' }).meta({ 'x-left-out-beyond': 2_000 })
const scalar = z.union([prose, z.number(), z.boolean()], { error: 'text, a number or a boolean' })

/** Marks a field as patient data: TEAMS_PHI_POLICY is applied to it before the event is written. */
const phi = <T extends z.ZodType>(schema: T): T => schema.meta({ phi: true }) as T

/**
 * The vocabulary that a text belongs to, by which a card translates it into its language: an event type, a data field, or a
 * value of the data field that another field names.
 */
export type Named = 'event_type' | 'field' | { readonly valueOf: string }

/** A registry of its own: z.globalRegistry, with the metadata of {@link phi}, becomes part of the JSON schemas for callers. */
const NAMES = z.registry<{ readonly names: Named }>()
const naming = (names: Named) => line.clone().register(NAMES, { names })

/** Returns the vocabulary of a field's text; undefined for a text that is not translated. */
export function namedBy(field: z.core.$ZodType): Named | undefined {
  return NAMES.get(field)?.names
}

/** Labels with their counts, the most frequent first. */
const counts = (label: z.ZodString, expected: string) =>
  z
    .array(z.object({ label, count: whole }, { error: 'an object with label and count' }), { error: expected })
    .max(1_000)

/**
 * The data fields of each built-in card. Validation, the TypeScript types of `data`, the OpenAPI schemas, the list of fields
 * that templates may name, and the list of patient data are made from this table. TEAMS_UNDECLARED_DATA decides about other
 * fields; by default they are dropped.
 */
export const CARD_DATA = {
  vault_security_event: z.object({
    node: line,
    cluster_id: line.optional(),
    sealed_at: moment.optional(),
    auto_unseal_attempted: z.boolean({ error: 'true or false' }).optional(),
    auto_unseal_error: prose.optional(),
    certificate_subject: line.optional(),
    certificate_expires: moment.optional(),
    secret_path: line.optional(),
    audit_device: line.optional(),
    impact: prose.optional(),
    recommended_actions: z.array(prose, { error: 'a list of texts' }).optional(),
    starts_at: moment.optional(),
    ends_at: moment.optional(),
  }),
  celery_task_failure: z.object({
    task_name: line,
    task_id: id,
    queue: line.optional(),
    worker: line.optional(),
    retry_count: whole.optional(),
    max_retries: whole.optional(),
    error: prose,
    traceback: z.string({ error: 'some text' }).meta({ 'x-cut-middle-at': 200_000 }).optional(),
    patient_id: phi(id).optional(),
    member_id: phi(id).optional(),
    payer: line.optional(),
  }),
  nphies_eligibility: z.object({
    patient_id: phi(id).optional(),
    member_id: phi(id).optional(),
    payer: line,
    status: line,
    coverage_start: moment.optional(),
    coverage_end: moment.optional(),
    reason: prose.optional(),
  }),
  nphies_claim_submission: z.object({
    claim_id: id,
    poll_id: id.optional(),
    patient_id: phi(id).optional(),
    provider: line,
    payer: line,
    total_amount: amount,
    services: z
      .array(z.object({ description: line, amount }, { error: 'an object with description and amount' }), {
        error: 'a list of services',
      })
      .optional(),
  }),
  nphies_claim_approved: z.object({
    claim_id: id,
    approval_number: id.optional(),
    patient_id: phi(id).optional(),
    payer: line.optional(),
    approved_amount: amount,
    net_amount: amount.optional(),
    patient_share: amount.optional(),
    payer_share: amount.optional(),
    notes: prose.optional(),
  }),
  nphies_claim_rejected: z.object({
    claim_id: id,
    patient_id: phi(id).optional(),
    payer: line.optional(),
    rejection_code: id.optional(),
    rejection_reason: prose,
    errors: z
      .array(z.object({ field: line, message: prose }, { error: 'an object with field and message' }), {
        error: 'a list of errors',
      })
      .optional(),
  }),
  nphies_api_error: z.object({
    error_type: z.enum(['certificate', 'jwt', 'network', 'api'], { error: 'one of: certificate, jwt, network, api' }),
    operation: line,
    error_message: prose,
    claim_id: id.optional(),
    patient_id: phi(id).optional(),
    member_id: phi(id).optional(),
    payer: line.optional(),
    retry_count: whole.optional(),
    max_retries: whole.optional(),
    http_status: whole.optional(),
    endpoint: line.optional(),
    certificate_expires: moment.optional(),
    certificate_expired: z.boolean({ error: 'true or false' }).optional(),
    jwt_error: prose.optional(),
  }),
  system_alert: z.object({
    component: line,
    summary: prose.min(1, { error: 'some text' }),
    /** The Python platform's names of component and summary; used where those are absent: see {@link STAND_INS}. */
    service: line.optional(),
    message: prose.optional(),
    node: line.optional(),
    pod: line.optional(),
    namespace: line.optional(),
    healthy_nodes: whole.optional(),
    lag_seconds: z.number({ error: 'a number' }).optional(),
    crash_count: whole.optional(),
    metrics: z.record(z.string(), scalar, { error: 'an object of texts, numbers and booleans' }).optional(),
    dashboard_id: line.optional(),
    value: scalar.optional(),
    threshold: scalar.optional(),
    unit: line.optional(),
    labels: z.record(z.string(), scalar, { error: 'an object of texts, numbers and booleans' }).optional(),
    runbook_url: webUrl.optional(),
    dashboard_url: webUrl.optional(),
    /** The alerts of a group, each in one text. */
    alerts: z.array(prose, { error: 'a list of texts' }).optional(),
    /** Number of alerts that are not listed. */
    more_alerts: whole.optional(),
    /** Where to silence the alert in the monitor that sent it. */
    silence_url: webUrl.optional(),
    starts_at: moment.optional(),
    ends_at: moment.optional(),
  }),
  compliance_notification: z.object({
    subject: line,
    regulation: line.optional(),
    description: prose.min(1, { error: 'some text' }),
    due_at: moment.optional(),
    reference: line.optional(),
  }),
  /** One batch of the daily follow-up worksheet, with amounts and dates as texts of the worksheet. */
  followup_status: z.object({
    batch_no: id,
    branch: line.optional(),
    insurance_company: line.optional(),
    status_display: line.optional(),
    due_date_display: line.optional(),
    days_until_due: z.number({ error: 'a whole number' }).int({ error: 'a whole number' }).optional(),
    resubmission_date_display: line.optional(),
    billing_amount_display: amount.optional(),
    approved_to_pay_display: amount.optional(),
    final_rejection_display: amount.optional(),
    final_rejection_percent_display: id.optional(),
    recovery_amount_display: amount.optional(),
    processor: line.optional(),
    batch_type: line.optional(),
    rework_type: line.optional(),
    alerts: z.array(prose, { error: 'a list of texts' }).optional(),
    portal_resources: z
      .array(
        z.object(
          { name: line, url: webUrl.nullish(), description: prose.nullish() },
          { error: 'an object with name, and url and description if there are any' },
        ),
        { error: 'a list of portals' },
      )
      .optional(),
  }),
  /** A signed checkpoint of the audit trail. Only the gateway makes it. */
  audit_checkpoint: z.object({
    /** Name of the audit tree. Gateways of the previous version draw this type as system_alert: see `digest`. */
    component: line,
    summary: prose.min(1, { error: 'some text' }),
    /** Number of entries in the tree. */
    entries: whole,
    sealed_at: moment,
    /** The signed note, as c2sp.org/tlog-checkpoint has it. */
    checkpoint: prose,
  }),
  /** A digest: several notifications of one channel on one card. Only the gateway makes it. */
  digest: z.object({
    /**
     * The event type, or "several". Gateways of the previous version draw unknown types with the card system_alert, and so
     * show this field and `summary`.
     */
    component: naming('event_type'),
    /** Without words of any language, such as "9,990 × nphies.claim.submitted". */
    summary: prose.min(1, { error: 'some text' }),
    /** Number of notifications in the digest. */
    count: whole,
    first_at: moment,
    last_at: moment,
    event_types: counts(naming('event_type'), 'a list of event types'),
    /** Number of event types that are not listed. */
    more_types: whole.optional(),
    /** Name of the data field whose values `groups` counts. */
    group_by: naming('field').optional(),
    groups: counts(naming({ valueOf: 'group_by' }), 'a list of groups'),
    /** Number of groups that are not listed. */
    more_groups: whole.optional(),
    correlation_ids: z.array(line, { error: 'a list of correlation ids' }).max(10_000),
    /** Number of correlation ids that are not listed. */
    more: whole.optional(),
    /** Id of the digest's notification, the filter `digest_id` of the list of notifications. */
    digest_id: z.uuid({ error: 'a UUID' }),
  }),
  /** What people did to events of a channel. Only the gateway makes it. */
  action_followup: z.object({
    /** The correlation id. Gateways of the previous version draw this type as system_alert: see `digest`. */
    component: line,
    summary: prose.min(1, { error: 'some text' }),
    /** Type of the event. */
    event: naming('event_type'),
    /** The action and, where it was not done, its state: `acknowledge`, `retry_failed`. */
    done: line,
    by: line,
    /** `not_verified` where nobody vouches for the person; absent otherwise. */
    identity: line.optional(),
    at: moment,
    reason: prose.optional(),
    tier: whole.optional(),
    /** When an acknowledgement expires. */
    expires_at: moment.optional(),
    /** Until when repeats of a discarded event make no card. */
    quiet_until: moment.optional(),
    /** Number of events, where there are several. */
    events: whole.optional(),
    /** Actions before this one whose cards had not been sent, the newest first. */
    earlier: z
      .array(z.object({ done: line, event: naming('event_type'), by: line, at: moment }, { error: 'an action' }), {
        error: 'a list of actions',
      })
      .max(100),
    /** Number of earlier actions that are not listed. */
    more_earlier: whole.optional(),
  }),
} as const satisfies Record<string, z.ZodObject>

/**
 * The Python platform's names of required fields, by card. Such a field replaces the required one where that is absent.
 */
export const STAND_INS: { readonly [C in CardName]?: Readonly<Record<string, keyof CardData<C> & string>> } = {
  system_alert: { component: 'service', summary: 'message' },
}

/** Name of a built-in card, which is also the name of its template. */
export type CardName = keyof typeof CARD_DATA

/** The data of a card as a caller writes it. */
export type CardData<C extends CardName> = z.input<(typeof CARD_DATA)[C]>
