import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Full path of the first of these programs that is on the PATH (system folders included); undefined where none is. */
export function findOnPath(...names: readonly string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin', '/usr/sbin', '/bin']
  for (const name of names)
    for (const folder of folders) {
      const path = join(folder || '.', name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not there: the next one.
      }
    }
  return undefined
}
