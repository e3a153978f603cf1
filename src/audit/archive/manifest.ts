import { z } from 'zod'

/** Version of the archive's format. It changes with every change of a file that exists. */
export const ARCHIVE_VERSION = 1

/** Names of the files in an archive. */
export const FILES = { entries: 'entries.jsonl', table: 'entries.csv', manifest: 'manifest.json' } as const

/** The name of a file of which each tree has one: `checkpoint.txt` of the first, `checkpoint-2.txt` of the second. */
export function treeFile(name: 'checkpoint' | 'range', ending: string, tree: number): string {
  return `${name}${tree === 0 ? '' : `-${tree + 1}`}${ending}`
}

/** The name of the proof of one entry. */
export function proofFile(tree: number, index: number): string {
  return `proofs/${tree === 0 ? '' : `${tree + 1}-`}${index}.tlog-proof`
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const time = z.iso.datetime()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const treeSchema = z.strictObject({
  origin: z.string().min(1),
  /** Name of the file with the checkpoint, its size, and its root in base64. */
  checkpoint: z.string(),
  size: count,
  root: z.string(),
  /** Index of the first and the last entry; null where there is none. */
  first: count.nullable(),
  last: count.nullable(),
  entries: count,
  /** Entries among these that retention removed. */
  gone: count,
  /** Name of the file with the proof of all entries; null where each has its own. */
  range: z.string().nullable(),
})

const manifestSchema = z.strictObject({
  format: z.literal('claimlinc-teams audit export'),
  version: z.literal(ARCHIVE_VERSION),
  /** Random, so that the hash of the manifest, which is in the audit trail, tells nothing about the filter. */
  id: z.uuid(),
  made_at: time,
  made_by: z.string(),
  filter: z.union([
    z.strictObject({ since: time.nullable(), until: time.nullable() }),
    z.strictObject({ correlation_id: z.string().min(1) }),
  ]),
  signed: z.boolean(),
  values: z.boolean(),
  trees: z.array(treeSchema).min(1),
  /** SHA-256 of every other file, in hex. */
  files: z.record(z.string(), sha256),
})

/** What an archive contains. */
export type Manifest = z.infer<typeof manifestSchema>

/** The entries of one tree in an archive. */
export type ManifestTree = z.infer<typeof treeSchema>

/** Which entries an archive has. */
export type ManifestFilter = Manifest['filter']

/** Writes a manifest. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** Reads what {@link formatManifest} wrote; undefined for any other text, another spelling of the same included. */
export function readManifest(text: string): Manifest | undefined {
  try {
    const { data } = manifestSchema.safeParse(JSON.parse(text))
    return data && formatManifest(data) === text ? data : undefined
  } catch {
    return undefined
  }
}
