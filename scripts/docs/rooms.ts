import { readFileSync } from 'node:fs'

/** A room of the house: a folder below `src/`, or the file `src/index.ts`. */
export interface Room {
  /** `kernel` for `src/kernel`, `index.ts` for `src/index.ts`. */
  readonly name: string
  /** The layer that it belongs to, for example `edges`. */
  readonly layer: string
  /** What lives there. */
  readonly purpose: string
  /** Names of the rooms that it may import, besides itself. */
  readonly mayImport: readonly string[]
}

/** Layers that an edge may import besides the edges below it. The app may import all. */
const BELOW_EDGES = ['edges', 'use cases', 'foundation']

/** The rooms of `docs/architecture.md`, from the top row to the bottom: the one place where the layers are written. */
export function readRooms(): readonly Room[] {
  const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| ([a-z ]+?) *\| `src\/([\w.-]+)` *\| (.*?) *\|$/gm)].map(
    ([, layer = '', name = '', purpose = '']) => ({ layer, name, purpose }),
  )
  if (rows.length < 15) throw new Error(`docs/architecture.md: found ${rows.length} rows of the table of rooms`)
  return rows.map((row, i) => ({
    ...row,
    mayImport: rows
      .slice(i + 1)
      .filter(({ layer }) => row.layer !== 'edges' || BELOW_EDGES.includes(layer))
      .map(({ name }) => name),
  }))
}

/** The `overrides` of `biome.json`: one per room, which forbids the others and says why. */
export function importRules(rooms: readonly Room[]) {
  return rooms.map((room) => {
    const forbidden = rooms.filter((other) => other !== room && !room.mayImport.includes(other.name))
    const file = room.name.endsWith('.ts')
    const allowed = room.mayImport.length > 0 ? `only ${room.mayImport.join(', ')}` : 'no other room'
    return {
      includes: file ? [`src/${room.name}`] : [`src/${room.name}/**`, '!**/*.test.ts', '!**/*.test-d.ts'],
      linter: {
        rules: {
          // The package's entry re-exports the public names.
          ...(room.name === 'index.ts' ? { performance: { noBarrelFile: 'off' } } : {}),
          ...(forbidden.length === 0
            ? {}
            : {
                style: {
                  noRestrictedImports: {
                    level: 'error',
                    options: {
                      patterns: [
                        {
                          group: importsOf(forbidden.map((other) => other.name)),
                          message: `src/${room.name} (${room.layer}: ${room.purpose.replaceAll('`', '')}) may import ${allowed}: see the layers in docs/architecture.md.`,
                        },
                      ],
                    },
                  },
                },
              }),
        },
      },
    }
  })
}

/** Patterns for imports of these rooms; a room's files lie one to three folders below `src/`. */
function importsOf(rooms: readonly string[]): string[] {
  const way = '{../,../../,../../../}'
  const folders = rooms.filter((room) => !room.endsWith('.ts'))
  const files = rooms.filter((room) => room.endsWith('.ts'))
  const folder = folders.length > 1 ? `{${folders.join(',')}}` : folders.join('')
  return [...(folder === '' ? [] : [`${way}${folder}/**`]), ...files.map((room) => way + room)]
}
