import { isObject, type JsonObject } from '../../kernel/json.ts'
import type { Secret } from '../../kernel/secret.ts'
import { SourceProblem } from '../source.ts'
import { condition, type VaultCondition } from './findings.ts'
import { type NodeClient, objectIn } from './http.ts'
import type { VaultMemory } from './memory.ts'
import { codeOfAnswer } from './token.ts'

type Devices = Readonly<Record<string, string>>

/** How long requests that could not be recorded stay a condition after the last one: they come in single ones. */
const FAILING_MS = 600_000

/** Lists the enabled audit devices: their type, by path. @throws SourceProblem */
export async function readDevices(client: NodeClient, node: string, token: Secret): Promise<Devices> {
  const answer = await client.ask(node, 'sys/audit', { token })
  if (answer.status !== 200) throw new SourceProblem(codeOfAnswer(answer))
  const { data } = objectIn(answer)
  if (!isObject(data)) throw new SourceProblem('answer_unreadable')
  return Object.fromEntries(
    Object.entries(data).flatMap(([path, device]): readonly [string, string][] =>
      isObject(device) && typeof device.type === 'string' ? [[path, device.type.slice(0, 50)]] : [],
    ),
  )
}

/** The counters of requests and responses that no device recorded. Their prefix can be set, and is `vault` by default. */
const FAILURES = /^\w*audit_log_(?:request|response)_failure(?:_total)?(?:\{[^}\n]*\})? ([0-9.e+]+)/gm

/**
 * Reads how many requests and responses a node could not record since its start.
 *
 * @throws SourceProblem `refused` where the node has no metrics for Prometheus: without `prometheus_retention_time` in its configuration
 */
export async function readFailures(client: NodeClient, node: string, token: Secret): Promise<number> {
  const answer = await client.ask(node, 'sys/metrics?format=prometheus', { token })
  if (answer.status !== 200) throw new SourceProblem(codeOfAnswer(answer))
  if (!answer.text.startsWith('# ')) throw new SourceProblem('answer_unreadable')
  const counts = [...answer.text.matchAll(FAILURES)].map(([, count]) => Number(count))
  const sum = counts.reduce((total, count) => total + count, 0)
  if (!Number.isFinite(sum)) throw new SourceProblem('answer_unreadable')
  return sum
}

/**
 * The conditions of audit devices that are gone: of those that are expected, or of those that were ever listed.
 *
 * @returns with the devices for the next look
 */
export function deviceConditions(
  devices: Devices,
  {
    expected,
    before,
    about,
  }: { readonly expected: readonly string[] | undefined; readonly before: Devices; readonly about: JsonObject },
): { readonly conditions: readonly VaultCondition[]; readonly devices: Devices } {
  const names = expected ?? Object.keys(before)
  const gone = names.filter((path) => !Object.hasOwn(devices, path))
  const left = Object.keys(devices)
  const impact = left.length > 0 ? `Vault records only in: ${left.slice(0, 10).join(', ')}.` : 'Vault records nothing.'
  const says = (device: JsonObject) => ({
    ...about,
    ...device,
    impact,
    recommended_actions: ['Look for who disabled it: the audit log itself has the request. Then enable it again.'],
  })
  const conditions = gone.map((path) => {
    const type = before[path]
    return condition('audit_device', says({ audit_device: type === undefined ? path : `${path} (${type})` }), {
      subject: path,
    })
  })
  if (left.length === 0 && gone.length === 0) conditions.push(condition('audit_device', says({})))
  return { conditions, devices: expected === undefined ? { ...before, ...devices } : devices }
}

/**
 * The condition of requests that could not be recorded. A count that is seen for the first time is where counting begins: what it
 * counts may be long over.
 *
 * @param counts by the nodes that were asked
 * @returns with the counts, and the time of the last growth, for the next look
 */
export function failureConditions(
  counts: Readonly<Record<string, number>>,
  { failures, failedAt }: Pick<VaultMemory, 'failures' | 'failedAt'>,
  now: Date,
  about: JsonObject,
): { readonly conditions: readonly VaultCondition[] } & Pick<VaultMemory, 'failures' | 'failedAt'> {
  const grown = Object.entries(counts).reduce((sum, [node, count]) => {
    const before = failures[node]
    // A node that was started again counts from 0.
    return sum + (before === undefined ? 0 : count >= before ? count - before : count)
  }, 0)
  const sinceMs = failedAt === undefined ? Number.POSITIVE_INFINITY : Math.abs(now.getTime() - Date.parse(failedAt))
  const last = grown > 0 ? now.toISOString() : sinceMs < FAILING_MS ? failedAt : undefined
  const conditions =
    last === undefined
      ? []
      : [
          condition('audit_failures', {
            ...about,
            impact: `No audit device could record some requests or answers, and Vault refused those requests; last seen at ${last}.`,
            recommended_actions: [
              'Look in the log of the node for the audit device and its error: a full disk, a closed socket, rights.',
            ],
          }),
        ]
  return { conditions, failures: { ...failures, ...counts }, failedAt: last }
}
