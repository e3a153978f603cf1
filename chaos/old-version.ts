import { execFile, spawn } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { run } from '../scripts/services/run.ts'

/** The last version whose schema was migration 0001 alone. */
export const OLD_VERSION = 'dd5fe14'
const repository = fileURLToPath(new URL('..', import.meta.url))

/** Why the old version can not be had; undefined where it can. */
export async function missingOldVersion(): Promise<string | undefined> {
  return promisify(execFile)('git', ['-C', repository, 'cat-file', '-e', `${OLD_VERSION}^{commit}`]).then(
    () => undefined,
    () => `the history of this checkout does not reach back to ${OLD_VERSION} (a shallow clone, or no clone)`,
  )
}

/** Puts the old version into `folder`, with this checkout's packages, and returns the folder. */
export async function checkOutOldVersion(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const tar = join(folder, 'old.tar')
  await promisify(execFile)('git', ['-C', repository, 'archive', '-o', tar, OLD_VERSION])
  const { code, output } = await run(spawn('tar', ['-xf', tar, '-C', folder], { stdio: ['ignore', 'pipe', 'pipe'] }))
  if (code !== 0) throw new Error(`The old version could not be unpacked: ${output}`)
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
