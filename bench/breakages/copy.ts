import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyParts } from '../build.ts'
import type { Checkout } from '../gateway.ts'
import type { Change } from './table.ts'

/**
 * Copies what a gateway is built from into a folder and breaks it there.
 *
 * @throws Error when a text to replace does not stand in its file exactly once: then the code has moved on, and the
 * breakage must too.
 */
export function brokenCopy(checkout: Checkout, folder: string, changes: readonly Change[]): Checkout {
  rmSync(folder, { recursive: true, force: true })
  const copy = copyParts(checkout, folder)
  for (const { file, find, replace } of changes) {
    const path = join(folder, file)
    writeFileSync(path, replaceOnce(readFileSync(path, 'utf8'), find, replace, file))
  }
  return copy
}

/** @throws Error when `find` is not there exactly once */
export function replaceOnce(text: string, find: string, replace: string, file: string): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times in place of once: ${find}`)
  return parts.join(replace)
}
