import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Room } from './rooms.ts'

// docs/images/architecture.svg: the layers and rooms of docs/architecture.md with the imports that the code has. It has no
// counts, so that it changes only when a room begins or ends to import another.

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const WIDTH = 1120
const LABEL_WIDTH = 110
const GAP = 16
const BOX_HEIGHT = 92
const LAYER_HEIGHT = 150
const LINE_HEIGHT = 14
/** Width of a letter of the small text, on average. */
const LETTER = 5.4

interface Box {
  readonly room: Room
  readonly x: number
  readonly y: number
  readonly width: number
}

/** The picture, for a light and a dark page. */
export function architecturePicture(rooms: readonly Room[]): string {
  const layers = [...new Set(rooms.map(({ layer }) => layer))]
  const boxes = new Map(
    layers.flatMap((layer, row) =>
      boxesOf(
        rooms.filter((room) => room.layer === layer),
        row,
      ).map((box) => [box.room.name, box]),
    ),
  )
  const height = layers.length * LAYER_HEIGHT + 44
  const bands = layers.map((layer, row) => {
    const y = row * LAYER_HEIGHT
    return `<rect class="band${row % 2}" x="0" y="${y}" width="${WIDTH}" height="${LAYER_HEIGHT}"/><text class="layer" x="14" y="${y + 24 + BOX_HEIGHT / 2}">${layer}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="The layers and rooms of src/, and which room imports which">
<style>
svg { font-family: system-ui, sans-serif; background: #fff }
.band0 { fill: #f6f8fa } .band1 { fill: #fff }
.layer { font-size: 14px; font-weight: 600; fill: #57606a }
.box { fill: #fff; stroke: #8c959f }
.name { font-size: 14px; font-weight: 600; fill: #0550ae }
.purpose, .note { font-size: 11px; fill: #57606a }
.import { fill: none; stroke: #8c959f; stroke-width: 1.2 }
.head { fill: #8c959f }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 }
.band0 { fill: #161b22 } .band1 { fill: #0d1117 }
.layer, .purpose, .note { fill: #9198a1 }
.box { fill: #21262d; stroke: #656c76 }
.name { fill: #79c0ff }
.import { stroke: #656c76 } .head { fill: #656c76 }
}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
${bands.join('\n')}
${arrows(boxes).join('\n')}
${[...boxes.values()].map(drawBox).join('\n')}
<text class="note" x="14" y="${height - 18}">Arrows are imports. Not drawn: imports of the foundation, which every room may use, and those of app, which imports every room.</text>
</svg>
`
}

function boxesOf(rooms: readonly Room[], row: number): Box[] {
  const width = Math.min(232, (WIDTH - LABEL_WIDTH - GAP) / rooms.length - GAP)
  const left = LABEL_WIDTH + GAP + (WIDTH - LABEL_WIDTH - GAP - rooms.length * (width + GAP)) / 2
  return rooms.map((room, i) => ({ room, x: left + i * (width + GAP), y: row * LAYER_HEIGHT + 20, width }))
}

function drawBox({ room, x, y, width }: Box): string {
  const lines = wrapped(room.purpose.replaceAll('`', ''), Math.floor((width - 16) / LETTER))
  if (lines.length > 4) throw new Error(`docs/architecture.md: the purpose of src/${room.name} does not fit its box`)
  const text = lines.map(
    (line, i) => `<tspan x="${round(x + 8)}" y="${y + 38 + i * LINE_HEIGHT}">${escaped(line)}</tspan>`,
  )
  return `<g><rect class="box" x="${round(x)}" y="${y}" width="${round(width)}" height="${BOX_HEIGHT}" rx="6"/><text class="name" x="${round(x + 8)}" y="${y + 20}">${room.name}</text><text class="purpose">${text.join('')}</text></g>`
}

/** An arrow for each import between rooms above the foundation, but for those of the app. */
function arrows(boxes: ReadonlyMap<string, Box>): string[] {
  return [...boxes.values()].flatMap((from) =>
    from.room.layer === 'app'
      ? []
      : importedBy(from.room)
          .map((name) => boxes.get(name))
          .filter((to) => to !== undefined && to.room.layer !== 'foundation')
          .map((to) => arrow(from, to as Box)),
  )
}

function arrow(from: Box, to: Box): string {
  const x1 = from.x + from.width / 2
  const x2 = to.x + to.width / 2
  const bottom = from.y + BOX_HEIGHT
  // Within a layer: around the boxes, below them.
  if (to.y === from.y)
    return `<path class="import" marker-end="url(#head)" d="M${round(x1)} ${bottom}C${round(x1)} ${bottom + 34} ${round(x2)} ${bottom + 34} ${round(x2)} ${bottom + 2}"/>`
  // Across in the gap below the box, then straight down, beside the boxes of the layers between.
  const gap = bottom + LAYER_HEIGHT - BOX_HEIGHT
  return `<path class="import" marker-end="url(#head)" d="M${round(x1)} ${bottom}C${round(x1)} ${gap - 18} ${round(x2)} ${bottom + 18} ${round(x2)} ${gap - 10}V${to.y - 1}"/>`
}

/** Names of the rooms that a room's files import, tests left out. */
function importedBy({ name }: Room): string[] {
  const files = name.endsWith('.ts') ? [`src/${name}`] : globSync(`src/${name}/**/*.ts`, { cwd: ROOT })
  const found = files
    .filter((file) => !/\.test(-d)?\.ts$/.test(file))
    .flatMap((file) => [...readFileSync(ROOT + file, 'utf8').matchAll(/(?:from|import\() ?'(?:\.\.\/)+([\w-]+)\//g)])
    .map(([, room = '']) => room)
  return [...new Set(found)].filter((room) => room !== name).sort()
}

function wrapped(text: string, letters: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (`${last} ${word}`.trim().length <= letters) lines[lines.length - 1] = `${last} ${word}`.trim()
    else lines.push(word)
  }
  return lines
}

const round = (value: number) => Math.round(value * 10) / 10
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
