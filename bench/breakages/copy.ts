import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkout } from '../gateway.ts'
import type { Breakage } from './table.ts'

/** What of a checkout a gateway runs from. */
const PARTS = ['src', 'templates', 'migrations', 'bin', 'package.json']

/**
 * Copies what a gateway runs from into a folder and breaks it there.
 *
 * @throws Error when a text to replace does not stand in its file exactly once: then the code has moved on, and the
 * breakage must too.
 */
export function brokenCopy(checkout: Checkout, folder: string, breakage: Breakage): Checkout {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const part of PARTS) cpSync(join(checkout.root, part), join(folder, part), { recursive: true })
  symlinkSync(join(checkout.root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, find, replace } of breakage.changes) {
    const path = join(folder, file)
    writeFileSync(path, replaceOnce(readFileSync(path, 'utf8'), find, replace, file))
  }
  return { root: folder }
}

/** @throws Error when `find` is not there exactly once */
export function replaceOnce(text: string, find: string, replace: string, file: string): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times in place of once: ${find}`)
  return parts.join(replace)
}
