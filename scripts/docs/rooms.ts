import { readFileSync } from 'node:fs'

/** A room of the house: a folder below `src/`, or the file `src/index.ts`. */
export interface Room {
  /** Its name in the table's third column: `kernel` for `src/kernel`, `index.ts` for `src/index.ts`. */
  readonly name: string
  /** What lives there. */
  readonly purpose: string
  /** Names of the rooms that it may import, besides itself. */
  readonly mayImport: readonly string[]
}

/** The rooms of `docs/architecture.md`, in its order: the one place where the arrows are written. */
export function readRooms(): readonly Room[] {
  const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8')
  const rooms: Room[] = []
  for (const [, name = '', purpose = '', allowed = ''] of page.matchAll(
    /^\| `src\/([\w.]+)` *\| (.*?) *\| (.*?) *\|$/gm,
  )) {
    rooms.push({ name, purpose, mayImport: roomsNamed(allowed, rooms) })
  }
  if (rooms.length < 15) throw new Error(`docs/architecture.md: found ${rooms.length} rows of the table of rooms`)
  return rooms
}

function roomsNamed(cell: string, above: readonly Room[]): readonly string[] {
  if (cell === 'nothing') return []
  if (cell === 'all of the above') return above.map((room) => room.name)
  const names = cell.replace(/\([^)]*\)/g, '').split(',')
  return names.map((name) => {
    const trimmed = name.trim()
    if (above.some((room) => room.name === trimmed)) return trimmed
    throw new Error(`docs/architecture.md: "${trimmed}" is no room above the row that may import it`)
  })
}

/** The `overrides` of `biome.json`: one per room, which forbids the others and says why. */
export function arrowOverrides(rooms: readonly Room[]) {
  return rooms.map((room) => {
    const forbidden = rooms.filter((other) => other !== room && !room.mayImport.includes(other.name))
    const file = room.name.endsWith('.ts')
    const allowed = room.mayImport.length > 0 ? `only ${room.mayImport.join(', ')}` : 'no other room'
    return {
      includes: file ? [`src/${room.name}`] : [`src/${room.name}/**`, '!**/*.test.ts', '!**/*.test-d.ts'],
      linter: {
        rules: {
          // The package's entry is there to gather what others may import.
          ...(room.name === 'index.ts' ? { performance: { noBarrelFile: 'off' } } : {}),
          style: {
            noRestrictedImports: {
              level: 'error',
              options: {
                patterns: [
                  {
                    group: importsOf(
                      forbidden.map((other) => other.name),
                      file ? './' : '{../,../../}',
                    ),
                    message: `src/${room.name} (${room.purpose.replaceAll('`', '')}) may import ${allowed}: imports go down the table in docs/architecture.md, so that a room can be read, tested and replaced without those above it.`,
                  },
                ],
              },
            },
          },
        },
      },
    }
  })
}

/** Patterns for imports of these rooms; a room's files lie one or two folders below `src/`. */
function importsOf(rooms: readonly string[], way: string): string[] {
  const folders = rooms.filter((room) => !room.endsWith('.ts'))
  const files = rooms.filter((room) => room.endsWith('.ts'))
  return [`${way}{${folders.join(',')}}/**`, ...files.map((room) => way + room)]
}
