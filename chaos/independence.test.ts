import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Everything that a file imports, and what that imports in turn: paths from the root, and names of packages. */
function reach(entry: string): ReadonlySet<string> {
  const seen = new Set<string>()
  const look = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    if (!file.endsWith('.ts')) return
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, path = ''] of text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g))
      look(path.startsWith('.') ? join(dirname(file), path) : path)
  }
  look(entry)
  return seen
}

const ofTheGateway = (paths: ReadonlySet<string>) => [...paths].filter((path) => path.startsWith('src/'))

describe('the checker', () => {
  const reached = reach('chaos/check.ts')

  it('shares no code with the gateway', () => {
    expect(reached).toContain('chaos/checks/delivered.ts')
    expect(ofTheGateway(reached)).toEqual([])
  })

  it('uses no package of which the gateway might use the same', () => {
    expect([...reached].filter((path) => !path.startsWith('chaos/') && !path.startsWith('node:'))).toEqual([])
  })
})

describe.each(['chaos/receiver.ts', 'chaos/chaos.ts'])('%s', (entry) => {
  it('shares no code with the gateway either', () => {
    expect(ofTheGateway(reach(entry))).toEqual([])
  })
})

it('finds what is imported at all', () => {
  expect(ofTheGateway(reach('chaos/vault-process.ts'))).toContain('src/stand-ins/vault.ts')
})
