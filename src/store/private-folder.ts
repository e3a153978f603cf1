import type { Stats } from 'node:fs'
import { access, chmod, constants, mkdir, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { codeOf, GatewayError } from '../kernel/errors.ts'

/** Modes of what the gateway makes: the record names people, and is nobody else's. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** Bits by which others than the owner may do something. */
const OF_OTHERS = 0o077
/** The version of PostgreSQL that the embedded database is. */
export const EMBEDDED_VERSION = '18'

/** What codes of Node say of a folder that can not be made or used. */
const FOUND: Readonly<Record<string, string>> = {
  EACCES: 'a folder that this user may not write to',
  EPERM: 'a folder that this user may not write to',
  EROFS: 'a file system that can only be read',
  ENOTDIR: 'a path that leads through a file',
  EEXIST: 'a file',
  ENOENT: 'a place where no folder can be made',
  ENOSPC: 'a disk that is full',
  EDQUOT: 'a quota that is used up',
}

/** An error of TEAMS_DATA_DIR. */
export function folderError(error: unknown): GatewayError {
  const code = codeOf(error) ?? 'unknown'
  return unusable(`${FOUND[code] ?? 'a folder that can not be used'} (${code})`)
}

function unusable(
  found: string,
  expected = 'a folder on a disk with room, which the gateway may write to',
): GatewayError {
  return new GatewayError('invalid_settings', [{ at: 'TEAMS_DATA_DIR', found, expected }])
}

/**
 * Makes a folder that only its owner may enter, and those above it that are not there. Not with `recursive`: under `/proc`,
 * Node then tries for ever and can not be stopped.
 *
 * @returns the folder's state, as it was made or found
 * @throws GatewayError `invalid_settings` where it can not be made or written to
 */
export async function makePrivateFolder(folder: string): Promise<Stats> {
  const path = resolve(folder)
  try {
    const missing: string[] = []
    for (let place = path; !(await isThere(place)); place = dirname(place)) missing.unshift(place)
    for (const place of missing) await mkdir(place, { mode: FOLDER_MODE })
    const state = await stat(path)
    if (!state.isDirectory()) throw Object.assign(new Error('a file'), { code: 'EEXIST' })
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return state
  } catch (error) {
    throw folderError(error)
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** True where others than the owner may do something with it. */
export function isOpenToOthers({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & OF_OTHERS) !== 0
}

/**
 * Takes from everybody but the owner what lies under a folder. The embedded database comes with files that all may write to.
 * What belongs to somebody else stays as it is: on a mounted volume that may be right, and this user can not change it.
 */
export async function closeToOthers(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries)
    await tighten(join(entry.parentPath, entry.name), entry.isDirectory() ? FOLDER_MODE : FILE_MODE)
}

async function tighten(path: string, mode: number): Promise<void> {
  try {
    if (isOpenToOthers(await stat(path))) await chmod(path, mode)
  } catch (error) {
    // Somebody else's, or gone meanwhile.
    if (!['EPERM', 'EACCES', 'ENOENT', 'EROFS'].includes(codeOf(error) ?? '')) throw error
  }
}

/**
 * Looks whether the database in a folder is one that can be opened.
 *
 * @throws GatewayError `invalid_settings` for one of another version of PostgreSQL
 */
export async function checkVersion(folder: string): Promise<void> {
  let version: string
  try {
    version = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw folderError(error)
  }
  if (version !== EMBEDDED_VERSION)
    throw unusable(
      `a database of PostgreSQL ${/^\d{1,3}$/.test(version) ? version : 'of an unknown version'}`,
      `one of PostgreSQL ${EMBEDDED_VERSION}, which the embedded database is, or an empty folder`,
    )
}

/** A file system that keeps nothing, such as `/proc`. */
const KEEPS_NOTHING: readonly number[] = [0x9fa0, 0x62656572, 0x27e0eb]

/** What is wrong with a place as the folder of a new database, without writing there; undefined where nothing is. */
export async function problemOfPlace(place: string): Promise<string | undefined> {
  try {
    // With the dot, because a file in the middle of the path can be written to as well.
    await access(`${place}/.`, constants.W_OK | constants.X_OK)
    const { type, bavail } = await statfs(place)
    if (KEEPS_NOTHING.includes(type)) return 'keeps no files'
    return bavail === 0 ? 'is on a disk that is full' : undefined
  } catch {
    return 'can not be written to'
  }
}
