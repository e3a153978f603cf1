import type { Stats } from 'node:fs'
import { access, chmod, constants, mkdir, readdir, readFile, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { codeOf, GatewayError } from '../kernel/errors.ts'

/** Modes of new files and folders: the record names people, and belongs to its owner only. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** Mode bits of everybody but the owner. */
const OF_OTHERS = 0o077
/** Major version of PostgreSQL in PGlite. */
const EMBEDDED_VERSION = '18'

/** Causes by Node's error code of a folder that can not be made or used. */
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

/** Makes the error for a bad TEAMS_DATA_DIR. */
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
 * Makes a folder that only its owner may enter, and missing folders above it. Rejected: mkdir's `recursive`, which
 * under `/proc` makes Node retry for ever, without a way to stop it.
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

/** True where users other than the owner have rights on it. */
export function isOpenToOthers({ mode }: Stats): boolean {
  return process.platform !== 'win32' && (mode & OF_OTHERS) !== 0
}

/**
 * Removes the rights of everybody but the owner from the files under a folder: PGlite's files come writable to all.
 * Files of another user are left: on a mounted volume that may be right, and this user can not change them.
 */
export async function closeToOthers(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    // A link has no rights of its own, and its target may be anywhere.
    if (entry.isSymbolicLink()) continue
    await tighten(join(entry.parentPath, entry.name), entry.isDirectory() ? FOLDER_MODE : FILE_MODE)
  }
}

async function tighten(path: string, mode: number): Promise<void> {
  try {
    if (isOpenToOthers(await stat(path))) await chmod(path, mode)
  } catch (error) {
    // Owned by another user, or removed meanwhile.
    if (!['EPERM', 'EACCES', 'ENOENT', 'EROFS'].includes(codeOf(error) ?? '')) throw error
  }
}

/**
 * Checks that the database in a folder can be opened.
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

/** A file system that stores nothing, such as `/proc`. */
const KEEPS_NOTHING: readonly number[] = [0x9fa0, 0x62656572, 0x27e0eb]

/**
 * Checks a path as the folder of a new database, without writing: returns the problem, or undefined where there is
 * none.
 */
export async function problemOfPlace(place: string): Promise<string | undefined> {
  try {
    // With the dot, because a file in the middle of the path may be writable too.
    await access(`${place}/.`, constants.W_OK | constants.X_OK)
    const { type, bavail } = await statfs(place)
    if (KEEPS_NOTHING.includes(type)) return 'keeps no files'
    return bavail === 0 ? 'is on a disk that is full' : undefined
  } catch {
    return 'can not be written to'
  }
}
