/** Kinds of services that call people. `opsgenie`: the alert API of Opsgenie, and of Jira Service Management, to which it moved. */
export const PAGER_KINDS = ['pagerduty', 'opsgenie'] as const

/** Kind of a service that calls people. */
export type PagerKind = (typeof PAGER_KINDS)[number]

/** Who is called about an alert of Opsgenie or Jira Service Management, besides the rules of the integration's team. */
export interface Responder {
  readonly type: 'team' | 'user' | 'escalation' | 'schedule'
  /** One of the three says who. */
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly username?: string | undefined
}

/** A service that calls people. Its key is a secret and not part of the catalogue: see `src/secrets/`. */
export interface PagerDefinition {
  readonly name: string
  readonly kind: PagerKind
  /** Origin, and path before `/v2`, of its API. */
  readonly url: string
  /** Calls per minute in the long run, and at once. Together they keep the service's limit in every minute. */
  readonly perMinute: number
  readonly burst: number
  /** Data fields that an alert has besides the event's type, priority and ids. Fields with patient data never leave. */
  readonly fields: readonly string[]
  readonly responders: readonly Responder[]
  readonly tags: readonly string[]
}

/** A pager in the configuration. */
export interface PagerInput {
  /** `pagerduty`: Events API v2. `opsgenie`: the alert API of Jira Service Management, or of Opsgenie. */
  readonly kind: PagerKind
  /** Address of its API. If absent, PagerDuty's (US), or that of Jira Service Management. */
  readonly url?: string | undefined
  /** Calls per minute; 100 for PagerDuty, 50 for Opsgenie if absent. */
  readonly per_minute?: number | undefined
  /** Calls at once; 20 for PagerDuty, 10 for Opsgenie if absent. */
  readonly burst?: number | undefined
  /** Data fields that an alert has besides the event's type, priority and ids; none if absent. No patient data. */
  readonly fields?: readonly string[] | undefined
  /** Who is called; only for Opsgenie. */
  readonly responders?: readonly Responder[] | undefined
  /** Tags of its alerts; only for Opsgenie. */
  readonly tags?: readonly string[] | undefined
}
