import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** A node that is sealed, since when, and how its unsealing went. */
export interface SealMemory {
  readonly since: string
  readonly progress: number
  /** True once key shares that were given led to nothing. */
  readonly failed: boolean
}

/** What a look has to know of those before it, also of another replica's. Times are in ISO 8601. */
export interface VaultMemory {
  /** Sealed nodes, by address. */
  readonly sealed: Readonly<Record<string, SealMemory>>
  /** Audit devices that were enabled: their type, by path. */
  readonly devices: Readonly<Record<string, string>>
  /** Requests and responses that could not be recorded, by the node that counts them. */
  readonly failures: Readonly<Record<string, number>>
  /** When a count was last seen to have grown. */
  readonly failedAt: string | undefined
}

/** Most entries of a list that outside systems make. */
const MOST_ENTRIES = 50
const LONGEST_NAME = 200

/** Reads the memory of a checkpoint; entries that are none, as of another version, are left out. */
export function readMemory(written: JsonObject): VaultMemory {
  const { sealed, devices, failures, failedAt } = written
  return {
    sealed: entriesOf(sealed, (value) => {
      if (!isObject(value)) return undefined
      const { since, progress, failed } = value
      if (!isTime(since)) return undefined
      return { since, progress: typeof progress === 'number' ? progress : 0, failed: failed === true }
    }),
    devices: entriesOf(devices, (value) => (typeof value === 'string' ? value : undefined)),
    failures: entriesOf(failures, (value) => (typeof value === 'number' ? value : undefined)),
    failedAt: isTime(failedAt) ? failedAt : undefined,
  }
}

/** The memory as it is saved, within its limits: the checkpoint is a row that each look may write. */
export function writeMemory({ sealed, devices, failures, failedAt }: VaultMemory): JsonObject {
  return {
    sealed: Object.fromEntries(limited(sealed).map(([node, { ...value }]) => [node, value])),
    devices: Object.fromEntries(limited(devices)),
    failures: Object.fromEntries(limited(failures)),
    ...(failedAt === undefined ? {} : { failedAt }),
  }
}

function limited<T>(entries: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(entries)
    .filter(([name]) => name.length <= LONGEST_NAME)
    .slice(0, MOST_ENTRIES)
}

function entriesOf<T>(written: Json | undefined, read: (value: Json) => T | undefined): Record<string, T> {
  if (!isObject(written)) return {}
  return Object.fromEntries(
    Object.entries(written as JsonObject).flatMap(([name, value]): readonly [string, T][] => {
      const entry = read(value)
      return entry === undefined ? [] : [[name, entry]]
    }),
  )
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}
