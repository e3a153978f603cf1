import type { EventType } from '../../catalogue/event-types.ts'
import type { FindingEvent } from '../finding-events.ts'
import { type Condition, type Finding, MORE } from '../findings.ts'

/** A finding of the source. */
interface FindingRow {
  /** Type of its events. */
  readonly opens: EventType
  /** Type of the event that resolves them. */
  readonly ends: EventType
  /** What that event says. */
  readonly over: string
}

/** Every finding of the source. */
const ROWS = {
  sealed: {
    opens: 'vault.seal.detected',
    ends: 'vault.unseal.complete',
    over: 'No node is sealed any more.',
  },
  unseal: {
    opens: 'vault.unseal.failed',
    ends: 'vault.unseal.complete',
    over: 'No node waits any more to be unsealed.',
  },
  leader: {
    opens: 'vault.leader.missing',
    ends: 'vault.cluster.recovered',
    over: 'The cluster has an active node again.',
  },
  removed: {
    opens: 'vault.node.removed',
    ends: 'vault.cluster.recovered',
    over: 'No node that is watched is removed from the cluster.',
  },
  uninitialized: {
    opens: 'vault.node.uninitialized',
    ends: 'vault.cluster.recovered',
    over: 'Every node that is watched is initialized.',
  },
  heartbeat: {
    opens: 'vault.node.disconnected',
    ends: 'vault.cluster.recovered',
    over: 'Every standby reaches the active node.',
  },
  unreachable: {
    opens: 'vault.node.unreachable',
    ends: 'vault.cluster.recovered',
    over: 'Every node that is watched is seen again.',
  },
  requests: {
    opens: 'vault.audit.blocking',
    ends: 'vault.audit.recovered',
    over: 'Ordinary requests are answered again.',
  },
  audit_device: {
    opens: 'vault.audit.disabled',
    ends: 'vault.audit.recovered',
    over: 'The audit device is enabled again, or not expected any more.',
  },
  audit_failures: {
    opens: 'vault.audit.disabled',
    ends: 'vault.audit.recovered',
    over: 'No request failed to be recorded lately.',
  },
  token: {
    opens: 'vault.token.renewal.failed',
    ends: 'vault.token.renewed',
    over: 'The token of the source is renewed, or has been replaced.',
  },
  certificate: {
    opens: 'vault.certificate.expiring',
    ends: 'vault.certificate.renewed',
    over: 'The certificate was renewed, or is not watched any more.',
  },
  certificate_expired: {
    opens: 'vault.certificate.expiring',
    ends: 'vault.certificate.renewed',
    over: 'The certificate was renewed, or is not watched any more.',
  },
  certificate_unseen: {
    opens: 'vault.certificate.unseen',
    ends: 'vault.certificate.renewed',
    over: 'Every certificate that is watched is seen again.',
  },
} as const satisfies Readonly<Record<string, FindingRow>>

/** The name of a finding of the source. */
export type FindingName = keyof typeof ROWS

/** A condition of the source. */
export type VaultCondition = Condition<FindingEvent> & { readonly finding: FindingName }

/** The names of all findings. */
export const FINDING_NAMES = Object.keys(ROWS) as readonly FindingName[]

/** Makes a condition; its event says `data`. */
export function condition(
  finding: FindingName,
  data: FindingEvent['data'],
  { subject = '', priority }: { readonly subject?: string; readonly priority?: FindingEvent['priority'] } = {},
): VaultCondition {
  return {
    finding,
    subject,
    says: { eventType: ROWS[finding].opens, ...(priority === undefined ? {} : { priority }), data },
  }
}

/** The event that resolves that of a finding; undefined for one that this version does not know. */
export function overOf({ finding, subject }: Finding): FindingEvent | undefined {
  if (!isFinding(finding)) return undefined
  const { ends, over } = ROWS[finding]
  const node = subject === '' || subject === MORE ? {} : { node: subject }
  return { eventType: ends, data: { ...node, impact: over } }
}

/** The event about conditions beyond those that have events of their own. */
export function moreOf(finding: string, count: number): FindingEvent {
  const eventType = isFinding(finding) ? ROWS[finding].opens : 'vault.certificate.expiring'
  return { eventType, data: { impact: `${finding}: ${count} more.` } }
}

function isFinding(finding: string): finding is FindingName {
  return Object.hasOwn(ROWS, finding)
}
