import { type Answer, refuse } from './answers.ts'

/** What a node of a cluster is. `disconnected` is a standby that does not reach the active node. */
export type VaultRole =
  | 'active'
  | 'standby'
  | 'performance_standby'
  | 'dr_secondary'
  | 'disconnected'
  | 'removed'
  | 'uninitialized'

/** The state of a node, and what it says of it without a token. */
export interface VaultNode {
  readonly isSealed: () => boolean
  become(role: VaultRole): void
  seal(type?: string): void
  unseal(): void
  giveKeyShare(isRight: boolean): void
  /** `sys/health`, with the statuses that its query asks for. */
  health(query: URLSearchParams): Answer
  /** `sys/seal-status` */
  sealStatus(): Answer
}

const VERSION = '1.21.1'
/** Before `removed_from_cluster` and `ha_connection_healthy`. */
const OLDER_VERSION = '1.18.5'
const CLUSTER = { cluster_name: 'vault-cluster-stand-in', cluster_id: '6f1f3c1e-6b5a-4f0c-9c1b-0d6a3b8f6a11' }
/** Key shares that there are, and that are needed. */
const SHARES = { n: 5, t: 3 }
const LAST_HEARTBEAT_MS = 1_200
/** Of a standby that has lost the active node. */
const LOST_HEARTBEAT_MS = 65_000

/** Makes the state of a node: active and unsealed. */
export function createVaultNode(options: { readonly older: boolean; readonly now: () => number }): VaultNode {
  const { older, now } = options
  const version = older ? OLDER_VERSION : VERSION
  let role: VaultRole = 'active'
  let sealType = 'shamir'
  let sealed = false
  let progress = 0
  let anyWrong = false

  const isInitialized = () => role !== 'uninitialized'
  const isRemoved = () => role === 'removed' && !older
  const isSealed = () => sealed || !isInitialized() || role === 'removed'
  const isStandby = () => ['standby', 'performance_standby', 'disconnected', 'removed'].includes(role)

  /** The status by default, and the parameter that asks for another: https://developer.hashicorp.com/vault/api-docs/system/health */
  function statusOf(): readonly [number, string] {
    if (!isInitialized()) return [501, 'uninitcode']
    if (isRemoved()) return [530, 'removedcode']
    if (isSealed()) return [503, 'sealedcode']
    if (role === 'disconnected' && !older) return [474, 'haunhealthycode']
    if (role === 'dr_secondary') return [472, 'drsecondarycode']
    if (role === 'performance_standby') return [473, 'performancestandbycode']
    return isStandby() ? [429, 'standbycode'] : [200, 'activecode']
  }

  return {
    isSealed,
    become(next) {
      role = next
    },
    seal(type = 'shamir') {
      sealed = true
      sealType = type
      progress = 0
    },
    unseal() {
      sealed = false
      progress = 0
    },
    giveKeyShare(isRight) {
      progress += 1
      anyWrong = anyWrong || !isRight
      if (progress < SHARES.t) return
      sealed = anyWrong
      progress = 0
      anyWrong = false
    },
    health(query) {
      const [byDefault, parameter] = statusOf()
      const asked = query.get(parameter)
      if (asked !== null && !/^\d{3}$/.test(asked)) return refuse(400)
      const heartbeat = {
        ha_connection_healthy: role !== 'disconnected',
        last_request_forwarding_heartbeat_ms: role === 'disconnected' ? LOST_HEARTBEAT_MS : LAST_HEARTBEAT_MS,
      }
      const body = {
        initialized: isInitialized(),
        sealed: isSealed(),
        standby: isSealed() || isStandby(),
        performance_standby: role === 'performance_standby' && !isSealed(),
        replication_performance_mode: isSealed() ? 'unknown' : 'disabled',
        replication_dr_mode: isSealed() ? 'unknown' : role === 'dr_secondary' ? 'secondary' : 'disabled',
        server_time_utc: Math.floor(now() / 1000),
        version,
        enterprise: false,
        ...(isSealed() ? {} : CLUSTER),
        echo_duration_ms: 0,
        clock_skew_ms: 0,
        replication_primary_canary_age_ms: 0,
        ...(older ? {} : { removed_from_cluster: isRemoved() }),
        ...(older || isSealed() || !isStandby() ? {} : heartbeat),
      }
      return { status: asked === null ? byDefault : Number(asked), body }
    },
    sealStatus() {
      const body = {
        type: sealType,
        initialized: isInitialized(),
        sealed: isSealed(),
        ...(isInitialized() ? SHARES : { n: 0, t: 0 }),
        progress,
        nonce: progress > 0 ? 'b0b3f0d5-1f7e-4c2e-8f5c-6a1d2e3f4a5b' : '',
        version,
        migration: false,
        recovery_seal: sealType !== 'shamir',
        storage_type: 'raft',
        ...(isSealed() ? {} : CLUSTER),
        ...(older ? {} : { removed_from_cluster: isRemoved() }),
      }
      return { status: 200, body }
    },
  }
}
