import { link, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from '../kernel/errors.ts'
import { type Checkpoint, InvalidCheckpoint, readCheckpoint } from './checkpoint.ts'

/** A signed checkpoint that was kept outside the database. */
export interface Anchor {
  /** Path of its file. */
  readonly file: string
  readonly checkpoint: Checkpoint
}

const ENDING = '.checkpoint'
const OWN_NAME = /^(.+)-(0|[1-9][0-9]*)\.checkpoint$/
/** File systems without hard links, such as SMB and mounted buckets. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** The name of a checkpoint's file. `%2F` stands for a slash of the origin. */
export function anchorName({ origin, size }: Pick<Checkpoint, 'origin' | 'size'>): string {
  return `${encodeURIComponent(origin)}-${size}${ENDING}`
}

/** Reads the checkpoint of a note. Who signed it is not checked. @throws InvalidCheckpoint */
function checkpointOf(note: string): Checkpoint {
  const end = note.lastIndexOf('\n\n')
  if (end < 0) throw new InvalidCheckpoint('a signed checkpoint has an empty line before its signatures')
  return readCheckpoint(note.slice(0, end + 1))
}

/**
 * Writes a signed checkpoint as a new file, whole or not at all: other programs copy the folder. A file of the same name stays
 * as it is: it may be the older evidence.
 *
 * @returns false where there is a file of that name
 * @throws an error of the file system
 */
export async function writeAnchor(folder: string, note: string): Promise<boolean> {
  const file = join(folder, anchorName(checkpointOf(note)))
  if (await isThere(file)) return false
  await mkdir(folder, { recursive: true })
  // Hidden, so that it is not taken for an anchor if the process is killed here.
  const unfinished = join(folder, `.${basename(file)}.${process.pid}`)
  const handle = await open(unfinished, 'w', 0o644)
  try {
    await handle.writeFile(note)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(unfinished, file)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (NO_LINKS.has(code)) {
      await rename(unfinished, file)
      return true
    }
    await unlink(unfinished)
    if (code === 'EEXIST') return false
    throw error
  }
  await unlink(unfinished)
  return true
}

/** The newest anchor of a tree, and the files that could not be read as one. */
export interface NewestAnchor {
  /** Undefined where there is none, and where there is no folder. */
  readonly anchor: Anchor | undefined
  readonly unreadable: readonly string[]
}

/**
 * Reads the newest anchor of a tree: the one with the most entries. By the names of the files, and not by reading all of them:
 * there is one for each hour. Files with other names, such as those that a person put there, are read.
 *
 * @param origin the tree; undefined for the newest anchor of any tree
 * @throws an error of the file system for a folder that can not be read
 */
export async function readNewestAnchor(folder: string, origin: string | undefined): Promise<NewestAnchor> {
  const wanted = origin === undefined ? undefined : encodeURIComponent(origin)
  const own: { name: string; size: number }[] = []
  const others: string[] = []
  for (const name of await namesIn(folder)) {
    const [, of, size] = OWN_NAME.exec(name) ?? []
    if (of === undefined) others.push(name)
    else if (wanted === undefined || of === wanted) own.push({ name, size: Number(size) })
  }
  const unreadable: string[] = []
  const read = async (name: string): Promise<Anchor | undefined> => {
    const file = join(folder, name)
    try {
      const anchor = await readAnchor(file)
      return origin === undefined || anchor.checkpoint.origin === origin ? anchor : undefined
    } catch {
      unreadable.push(file)
      return undefined
    }
  }
  let newest: Anchor | undefined
  for (const { name } of own.sort((a, b) => b.size - a.size)) {
    newest = await read(name)
    if (newest !== undefined) break
  }
  for (const name of others) {
    const other = await read(name)
    if (other && other.checkpoint.size > (newest?.checkpoint.size ?? -1)) newest = other
  }
  return { anchor: newest, unreadable }
}

/** Reads one file. @throws an error of the file system, InvalidCheckpoint */
export async function readAnchor(file: string): Promise<Anchor> {
  return { file, checkpoint: checkpointOf(await readFile(file, 'utf8')) }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(ENDING))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await (await open(file, 'r')).close()
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
