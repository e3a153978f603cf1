/** What a policy allows at a path, or at all paths that begin with one. */
export interface PolicyRule {
  /** An API path (`secret/data/teams/webhooks`), or a prefix with a star. */
  readonly path: string
  readonly capabilities: readonly string[]
}

/** Paths that ask for the capability `sudo` as well: https://developer.hashicorp.com/vault/docs/concepts/policies#root-protected-api-endpoints */
const PROTECTED = ['sys/audit']

/** What Vault's policy `default` allows of that which the stand-in has. */
export const DEFAULT_POLICY: readonly PolicyRule[] = [
  { path: 'auth/token/lookup-self', capabilities: ['read'] },
  { path: 'auth/token/renew-self', capabilities: ['update'] },
]
export const ROOT_POLICY: readonly PolicyRule[] = [{ path: '*', capabilities: ['read', 'update', 'sudo'] }]

/**
 * Reads a policy as `vault policy write` takes it, as far as `path "…" { capabilities = […] }` goes.
 *
 * @throws Error where there is none
 */
export function readPolicy(hcl: string): readonly PolicyRule[] {
  const rules = [...hcl.matchAll(/path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g)]
  if (rules.length === 0) throw new Error('a policy without a path')
  return rules.map(([, path = '', list = '']) => ({
    path,
    capabilities: [...list.matchAll(/"(\w+)"/g)].map(([, capability = '']) => capability),
  }))
}

/** True where rules allow a request. */
export function allows(rules: readonly PolicyRule[], method: string, path: string): boolean {
  const needed = [method === 'GET' ? 'read' : 'update', ...(PROTECTED.includes(path) ? ['sudo'] : [])]
  const given = rules
    .filter((rule) => (rule.path.endsWith('*') ? path.startsWith(rule.path.slice(0, -1)) : path === rule.path))
    .flatMap(({ capabilities }) => capabilities)
  return needed.every((capability) => given.includes(capability))
}
