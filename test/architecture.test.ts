import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { biomeWithImportRules } from '../scripts/docs/pages.ts'
import { readRooms } from '../scripts/docs/rooms.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = globSync('src/**/*.ts', { cwd: root }).sort()
const production = files.filter((file) => !/\.test(-d)?\.ts$/.test(file))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** What a file imports from this repository: paths from the root. */
function importsOf(file: string): string[] {
  const found = withoutComments(read(file)).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.{1,2}\/[^']+)'/g)
  return [...found].map(([, path = '']) => normalize(join(dirname(file), path)))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** The room that a path lies in: `kernel`, or `index.ts`; undefined outside `src/`. */
function roomOf(path: string): string | undefined {
  return path.match(/^src\/([^/]+)/)?.[1]
}

describe('the house', () => {
  const rooms = new Map(readRooms().map((room) => [room.name, room]))

  it('has only rooms that docs/architecture.md lists', () => {
    expect(files.length).toBeGreaterThan(50)
    expect([...new Set(files.map(roomOf))].filter((room) => !rooms.has(room ?? ''))).toEqual([])
  })

  it('has its import rules in biome.json, so that lint and the editor show them', () => {
    expect(JSON.parse(read('biome.json'))).toEqual(biomeWithImportRules())
  })

  it('is kept by lint: no import of a layer above and no circle, not even of types', () => {
    const folder = mkdtempSync(join(tmpdir(), 'claimlinc-teams-house-'))
    try {
      const { linter, overrides } = JSON.parse(read('biome.json'))
      const write = (path: string, text: string) => {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      write('biome.json', JSON.stringify({ linter, overrides }))
      write('src/kernel/upward.ts', "import type { Table } from '../store/table.ts'\nexport type Upward = Table\n")
      write('src/store/table.ts', "import type { Circle } from './circle.ts'\nexport type Table = Circle\n")
      write('src/store/circle.ts', "import type { Table } from './table.ts'\nexport type Circle = Table\n")
      const { stderr } = spawnSync('biome', ['lint', '.'], { cwd: folder, encoding: 'utf8' })
      expect(stderr).toMatch(/src\/kernel\/upward\.ts\S* lint\/style\/noRestrictedImports/)
      expect(stderr).toMatch(/src\/store\/circle\.ts\S* lint\/suspicious\/noImportCycles/)
      expect(stderr).toContain('see the layers in')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('has one file that knows every implementation', () => {
    const implementations = ['store', 'cards', 'transports', 'secrets', 'delivery', 'publish', 'stand-ins']
    const knowing = production.filter((file) => {
      const known = new Set(importsOf(file).map(roomOf))
      return implementations.every((room) => known.has(room))
    })
    expect(knowing).toEqual(['src/app/wiring.ts'])
  })
})

describe('a file', () => {
  it('has at most 400 lines', () => {
    expect(files.filter((file) => read(file).split('\n').length > 401)).toEqual([])
  })

  it('is named after what is in it', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file))).toEqual([])
  })

  it('does not pass on what others export', () => {
    const barrels = files.filter(
      (file) => file !== 'src/index.ts' && /^export (type )?(\*|\{[^}]*\}) from /m.test(withoutComments(read(file))),
    )
    expect(barrels).toEqual([])
  })

  it('does nothing and keeps no changing state when it is imported', () => {
    // What runs: the program, the script of the sandbox's page, and the check of Node's version, which has to come before any
    // dependency. And `sendTeamsNotification`, whose contract is that a process shares one gateway; `createGateway` is for
    // those who do not want that.
    const programs =
      /^src\/(app\/main\.ts|stand-ins\/teams\/page\/|app\/send-teams-notification\.ts|kernel\/require-node\.ts)/
    const declarations = /^(import|export|const|function|async function|class|interface|type|declare|[)}\]>`\s]|$)/
    const doing = production
      .filter((file) => !programs.test(file))
      .flatMap((file) =>
        withoutComments(read(file))
          .replace(/`[^`]*`/g, '``')
          .split('\n')
          .filter((line) => !declarations.test(line) || /^export let /.test(line))
          .map((line) => `${file}: ${line}`),
      )
    expect(doing).toEqual([])
  })

  it('does not silence the compiler', () => {
    const silenced = files.filter(
      (file) => /@ts-(ignore|nocheck)/.test(read(file)) || /\bas unknown as\b/.test(withoutComments(read(file))),
    )
    expect(silenced).toEqual([])
  })
})
