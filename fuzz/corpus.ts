import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Failure } from './failure.ts'
import type { Target } from './target.ts'
import { isTarget, type TargetName } from './targets/table.ts'

/** An input as it lies in the corpus. */
export interface CorpusFile {
  readonly path: string
  readonly input: Buffer
}

/** Name of an input's file without its ending: the start of its SHA-256. */
export function nameOf(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16)
}

/** Every input of a target's corpus, in the order of their names. */
export function readCorpus(folder: string, { name, extension }: Pick<Target, 'name' | 'extension'>): CorpusFile[] {
  const own = join(folder, name)
  if (!existsSync(own)) return []
  return readdirSync(own)
    .filter((file) => file.endsWith(`.${extension}`))
    .sort()
    .map((file) => ({ path: join(own, file), input: readFileSync(join(own, file)) }))
}

/** Writes an input under its name; returns the path. */
export function writeInput(
  folder: string,
  { name, extension }: Pick<Target, 'name' | 'extension'>,
  input: Buffer,
): string {
  mkdirSync(join(folder, name), { recursive: true })
  const path = join(folder, name, `${nameOf(input)}.${extension}`)
  writeFileSync(path, input)
  return path
}

/** Writes an input that failed and, beside it, the error; returns the input's path. */
export function writeFailure(folder: string, target: Pick<Target, 'name' | 'extension'>, failure: Failure): string {
  const path = writeInput(folder, target, Buffer.from(failure.input))
  const { property, detail, where } = failure
  writeFileSync(`${path}.error.txt`, `${property}: ${detail}\n${where.join('\n')}\n`)
  return path
}

/** The target to whose corpus a file belongs, by its folder's name. */
export function targetOf(path: string): TargetName | undefined {
  const name = basename(dirname(path))
  return isTarget(name) ? name : undefined
}
