import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSourceCode } from '../../contract/sources.ts'
import { Secret } from '../../kernel/secret.ts'
import { SourceProblem } from '../source.ts'
import { readDevices, readFailures } from './audit.ts'
import { viewCluster } from './cluster.ts'
import type { NodeClient } from './http.ts'
import { readMemory, writeMemory } from './memory.ts'
import { readCluster } from './node-state.ts'
import { probe } from './token.ts'

const NODES = ['https://vault-0.internal:8200', 'https://vault-1.internal:8200']
const NOW = new Date('2026-11-30T10:00:00Z')
const TOKEN = new Secret('hvs.made-up')

/** A client whose answers are these, one after the other. */
function clientOf(answers: readonly { readonly status: number; readonly text: string }[]): NodeClient {
  let next = 0
  return {
    ask: async () => answers[next++ % answers.length] ?? { status: 500, text: '' },
    close() {},
  }
}

const status = fc.constantFrom(200, 204, 299, 307, 400, 403, 404, 429, 473, 500, 503, 530)
const known = fc.record(
  Object.fromEntries(
    [
      ...['initialized', 'sealed', 'standby', 'performance_standby', 'removed_from_cluster', 'ha_connection_healthy'],
      ...[
        'last_request_forwarding_heartbeat_ms',
        'cluster_id',
        'version',
        'type',
        'progress',
        't',
        'data',
        'auth',
        'ttl',
      ],
    ].map((name) => [name, fc.oneof(fc.boolean(), fc.integer(), fc.string(), fc.jsonValue())]),
  ),
  { requiredKeys: [] },
)
const text = fc.oneof(
  fc.string(),
  fc.json(),
  known.map((value) => JSON.stringify(value)),
  fc
    .array(fc.constantFrom('# ', 'vault_audit_log_request_failure', '{', '}', ' ', '1e400', '3', '\n'))
    .map((parts) => parts.join('')),
)
const answers = fc.array(fc.record({ status, text }), { minLength: 1, maxLength: 6 })

it('any answers to health and seal status make a state, and conditions that name only the nodes of the configuration', async () => {
  await fc.assert(
    fc.asyncProperty(answers, async (given) => {
      const state = await readCluster(clientOf(given), NODES)
      expect(state.seen.length + state.unseen.length).toBe(NODES.length)
      const memory = readMemory(JSON.parse(JSON.stringify({ sealed: {} })))
      const { conditions, sealed } = viewCluster(state, memory.sealed, NOW)
      for (const { says } of conditions) expect(String(says.data.node)).toMatch(/^(vault-[01]\.internal:8200(, )?)+$/)
      expect(Object.keys(sealed).every((node) => NODES.includes(node))).toBe(true)
    }),
  )
})

it('any answers to requests with the token are read, or are a problem with a code', async () => {
  const code = async (run: () => Promise<unknown>) => {
    try {
      await run()
      return 'failed'
    } catch (error) {
      return error instanceof SourceProblem ? error.code : String(error)
    }
  }
  await fc.assert(
    fc.asyncProperty(answers, async (given) => {
      const client = clientOf(given)
      expect(['answered', 'stuck', 'refused', 'changed']).toContain((await probe(client, '', TOKEN)).kind)
      expect(isSourceCode(await code(() => readDevices(client, '', TOKEN)))).toBe(true)
      expect(isSourceCode(await code(() => readFailures(client, '', TOKEN)))).toBe(true)
    }),
  )
})

it('any checkpoint is read as a memory, and what is written is read as the same', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('sealed', 'devices', 'failures', 'failedAt'), fc.jsonValue()),
      (given) => {
        const memory = readMemory(JSON.parse(JSON.stringify(given)))
        const written = JSON.parse(JSON.stringify(writeMemory(memory)))
        expect(JSON.stringify(writeMemory(readMemory(written)))).toBe(JSON.stringify(written))
      },
    ),
  )
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`device-${index}/`, 'file']))
  const kept = writeMemory({ sealed: {}, devices: many, failures: {}, failedAt: undefined })
  expect(Object.keys(kept.devices ?? {})).toHaveLength(50)
})

it('counters are found by their names, whatever stands before and behind them', async () => {
  const count = (lines: string) => readFailures(clientOf([{ status: 200, text: `# HELP\n${lines}\n` }]), '', TOKEN)
  expect(await count('vault_audit_log_request_failure 2\nvault_audit_log_response_failure{cluster="a b"} 1')).toBe(3)
  expect(await count('claims_vault_audit_log_request_failure_total 1.2e+1')).toBe(12)
  expect(await count('vault_audit_log_request_count 7\n# vault_audit_log_request_failure 9')).toBe(0)
})
