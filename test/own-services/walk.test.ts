import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, it } from 'vitest'
import { startServe } from '../cli/cli.ts'
import { startedStore } from '../services/stores.ts'

const root = new URL('../../', import.meta.url)

/** A file of V8's coverage, as NODE_V8_COVERAGE writes it. */
interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly functionName: string
      readonly ranges: readonly { readonly count: number }[]
    }[]
  }[]
}

/** Rows of the table "The walk of an event": file and function. */
function stations(): (readonly [file: string, name: string])[] {
  const page = readFileSync(new URL('docs/architecture.md', root), 'utf8')
  return [...page.matchAll(/^\| `(src\/[\w/.-]+\.ts)` +\| `(\w+)` +\|/gm)].map(
    ([, file = '', name = '']) => [file, name] as const,
  )
}

it('walks through each function that docs/architecture.md names, from POST /v1/events to the row', async () => {
  const folder = mkdtempSync(join(inject('temporaryFolder'), 'walk-'))
  const gateway = await startServe({ ...(await startedStore('embedded')), NODE_V8_COVERAGE: folder })
  const answer = await fetch(`${gateway.origin}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      event_type: 'vault.seal.detected',
      correlation_id: 'vault-seal-abc123',
      data: { node: 'vault-node-2.prod', cluster_id: 'cluster-abc123', auto_unseal_attempted: true },
      stakeholders: ['Security Eng.', 'SRE', 'CloudOps'],
      priority: 'CRITICAL',
    }),
  })
  expect(answer.status).toBe(202)
  gateway.child.kill('SIGTERM')
  expect((await gateway.ended).code).toBe(0)

  const called = new Set<string>()
  for (const file of readdirSync(folder)) {
    const { result }: Coverage = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    for (const { url, functions } of result.filter((script) => script.url.startsWith(root.href)))
      for (const { functionName, ranges } of functions)
        if ((ranges[0]?.count ?? 0) > 0) called.add(`${fileURLToPath(url)} ${functionName}`)
  }
  const walk = stations()
  expect(walk.length).toBeGreaterThan(10)
  expect(walk.length).toBeLessThanOrEqual(15)
  const missed = walk.filter(([file, name]) => !called.has(`${fileURLToPath(new URL(file, root))} ${name}`))
  expect(missed).toEqual([])
})
