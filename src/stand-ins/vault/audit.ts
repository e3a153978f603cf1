import { type Answer, refuse } from './answers.ts'

/** Audit devices that can write; that block, so that every request hangs; or that can not write, so that every request fails. */
export type AuditState = 'works' | 'blocks' | 'fails'

/** The audit devices of a node, and its counters. */
export interface VaultAudit {
  enable(path: string, type: string): void
  disable(path: string): void
  become(state: AuditState): void
  setMetrics(enabled: boolean): void
  /** Records a request: `refuse` where Vault refuses it, `hang` where it never answers. */
  record(): 'recorded' | 'refuse' | 'hang'
  /** `sys/audit` */
  list(): Answer
  /** `sys/metrics` */
  metrics(query: URLSearchParams): Answer
}

/** Makes audit devices: none yet, and metrics for Prometheus enabled. */
export function createVaultAudit(): VaultAudit {
  const devices = new Map<string, string>()
  let state: AuditState = 'works'
  let hasMetrics = true
  let failures = 0
  return {
    enable: (path, type) => void devices.set(path, type),
    disable: (path) => void devices.delete(path),
    become(next) {
      state = next
    },
    setMetrics(enabled) {
      hasMetrics = enabled
    },
    record() {
      if (devices.size === 0 || state === 'works') return 'recorded'
      if (state === 'blocks') return 'hang'
      failures += 1
      return 'refuse'
    },
    list() {
      const data = Object.fromEntries(
        [...devices].map(([path, type]) => [path, { type, path, description: '', local: false, options: {} }]),
      )
      // As for other lists of Vault, the entries are in the answer twice.
      return { status: 200, body: { ...data, request_id: '0', data, warnings: null, auth: null } }
    },
    metrics(query) {
      if (query.get('format') !== 'prometheus') return { status: 200, body: { Gauges: [], Counters: [], Samples: [] } }
      if (!hasMetrics) return { status: 400, body: 'prometheus is not enabled' }
      return { status: 200, body: exposition(failures) }
    },
  }
}

/** The answer to a request that no device could record. */
export const NOT_RECORDED = refuse(500, 'internal error')

function exposition(failures: number): string {
  return `# HELP vault_audit_log_request vault_audit_log_request
# TYPE vault_audit_log_request summary
vault_audit_log_request{quantile="0.5"} 0.08
vault_audit_log_request_sum 42.5
vault_audit_log_request_count 400
# HELP vault_audit_log_request_failure vault_audit_log_request_failure
# TYPE vault_audit_log_request_failure counter
vault_audit_log_request_failure ${failures}
# HELP vault_audit_log_response_failure vault_audit_log_response_failure
# TYPE vault_audit_log_response_failure counter
vault_audit_log_response_failure 0
# HELP vault_core_unsealed vault_core_unsealed
# TYPE vault_core_unsealed gauge
vault_core_unsealed{cluster="vault-cluster-stand-in"} 1
`
}
