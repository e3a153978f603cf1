import type { TileReader } from '../tiles.ts'

/** Tiles that are remembered: 8 KB each. */
const MOST_TILES = 512

/**
 * Remembers the tiles that were read last. Proofs of entries that stand near each other share all of their tiles but one or
 * none; without this, each proof reads one tile of each level.
 */
export function rememberTiles(reader: TileReader): TileReader {
  const tiles = new Map<string, Promise<readonly Buffer[]>>()
  return {
    async read(level, index, width) {
      const key = `${level}/${index}`
      const known = await tiles.get(key)
      if (known !== undefined && known.length >= width) return known.slice(0, width)
      const reading = reader.read(level, index, width)
      tiles.delete(key)
      const [oldest] = tiles.keys()
      if (tiles.size >= MOST_TILES && oldest !== undefined) tiles.delete(oldest)
      tiles.set(key, reading)
      return reading
    },
  }
}
