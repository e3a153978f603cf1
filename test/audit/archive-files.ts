import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { packTar, unpackTar } from 'modern-tar'
import { embeddedFolder } from '../services/database.ts'

/** The files of an archive by their names, in the order of the archive. */
export type ArchiveFiles = Map<string, string>

export async function readFiles(archive: string): Promise<ArchiveFiles> {
  const entries = await unpackTar(gunzipSync(readFileSync(archive)))
  return new Map(entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString()]))
}

/** Writes the files as a new archive and returns its path. */
export async function writeFiles(files: ArchiveFiles): Promise<string> {
  const path = join(embeddedFolder(), 'changed.tar.gz')
  const entries = [...files].map(([name, text]) => {
    const body = Buffer.from(text)
    return { header: { name, size: body.length, type: 'file' as const }, body }
  })
  writeFileSync(path, gzipSync(await packTar(entries)))
  return path
}

/** Gives the manifest the hashes of the files as they are now, as somebody does who knows the format. */
export function rehash(files: ArchiveFiles): void {
  const manifest = JSON.parse(files.get('manifest.json') ?? '')
  for (const [name, text] of files) if (name !== 'manifest.json') manifest.files[name] = hash('sha256', text, 'hex')
  for (const name of Object.keys(manifest.files)) if (!files.has(name)) delete manifest.files[name]
  files.set('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`)
}

/** A text with one line changed; lines end with a line feed. */
export function changeLine(text: string, number: number, change: (line: string) => string): string {
  const lines = text.split('\n')
  return lines.with(number, change(lines[number] ?? '')).join('\n')
}
