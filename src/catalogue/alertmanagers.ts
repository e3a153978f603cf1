import type { Priority } from './priority.ts'

/** A condition on an alert's label. In the value, `*` stands for any text. */
export interface LabelMatcher {
  readonly label: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** What becomes of groups whose common labels match all conditions. */
export interface AlertmanagerRule {
  readonly match: readonly LabelMatcher[]
  /** Name of the event type, not an alias. */
  readonly eventType: string | undefined
  readonly priority: Priority | undefined
  /** Keys of stakeholder groups. */
  readonly stakeholders: readonly string[] | undefined
  /** Keys of channels that get the cards instead of those of the groups and routes. */
  readonly channels: readonly string[] | undefined
}

/** An Alertmanager, or a Grafana, that sends its webhooks to `/v1/inbound/alertmanager/{name}`. */
export interface AlertmanagerDefinition {
  readonly name: string
  /** Priorities by value of the label `severity` or `priority`, in lower case. They precede the built-in ones. */
  readonly priorities: ReadonlyMap<string, Priority>
  /** The label that names a stakeholder group. */
  readonly groupLabel: string
  /** Keys of stakeholder groups by value of that label, in lower case. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly rules: readonly AlertmanagerRule[]
  /** An alert that one of them matches must keep firing: it is no event, but a heartbeat. */
  readonly heartbeats: readonly LabelMatcher[]
}

/** An Alertmanager or a Grafana in the configuration. The name `default` works without any. */
export interface AlertmanagerInput {
  readonly kind: 'alertmanager'
  /** Priorities by value of the label `severity` or `priority`, besides the built-in ones. */
  readonly priorities?: Readonly<Record<string, Priority | Lowercase<Priority>>> | undefined
  /** The label that names a stakeholder group by key or display name; `team` if absent. */
  readonly group_label?: string | undefined
  /** Stakeholder groups by value of that label, for values that no group has as its name. */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined
  /** For each part, the first rule that has it and matches decides. */
  readonly rules?:
    | readonly {
        /** Conditions on labels that all alerts of the group share: `cluster=prod`, `alertname=Vault*`, `env!=test`. */
        readonly match: readonly string[]
        /** Event type of the group, by name or alias. */
        readonly event_type?: string | undefined
        readonly priority?: Priority | Lowercase<Priority> | undefined
        /** Stakeholder groups, by key or display name. */
        readonly stakeholders?: readonly string[] | undefined
        /** Keys of channels, instead of those of the groups and routes. */
        readonly channels?: readonly string[] | undefined
      }[]
    | undefined
  /** Alerts that must keep firing; `alertname=Watchdog` if absent. */
  readonly heartbeats?: readonly string[] | undefined
}

/** The alert of kube-prometheus that always fires. */
export const WATCHDOG: LabelMatcher = { label: 'alertname', operator: '=', value: 'Watchdog' }

/** The Alertmanager `default`, which works without configuration. */
export const DEFAULT_ALERTMANAGER: AlertmanagerDefinition = {
  name: 'default',
  priorities: new Map(),
  groupLabel: 'team',
  groups: new Map(),
  rules: [],
  heartbeats: [WATCHDOG],
}

/** A label's value for comparison with those of the configuration: without letter case and outer blanks. */
export function foldLabel(value: string): string {
  return value.normalize('NFC').trim().toLowerCase()
}
