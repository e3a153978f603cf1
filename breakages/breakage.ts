import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One text of the source and its replacement. */
export interface Change {
  readonly file: string
  /** Is in the file exactly once; no longer than that takes, since it pins the wording of the source. */
  readonly find: string
  readonly replace: string
}

/** Changes to the source that break the gateway on purpose, to see that a tool notices (`--break NAME`). */
export interface Breakage {
  readonly name: string
  readonly changes: readonly Change[]
}

/** `--break` names no breakage of the tool. */
export class UnknownBreakage extends Error {}

/** The breakage of this name, or every breakage for `all`. @throws UnknownBreakage that lists the names */
export function breakagesNamed<T extends Breakage>(breakages: readonly T[], name: string): readonly T[] {
  const found = name === 'all' ? breakages : breakages.filter((breakage) => breakage.name === name)
  if (found.length > 0) return found
  throw new UnknownBreakage(
    `there is no breakage "${name}", but all or one of:\n${breakages.map((one) => `  ${one.name}`).join('\n')}`,
  )
}

/**
 * The changed files by path, with a breakage's changes made.
 *
 * @throws Error when a text is not in its file exactly once: the source has changed, and the breakage has to follow
 */
export function changedFiles({ name, changes }: Breakage, read: (file: string) => string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { file, find, replace } of changes) {
    const parts = (files.get(file) ?? read(file)).split(find)
    if (parts.length !== 2)
      throw new Error(`the breakage "${name}" finds its text ${parts.length - 1} times in ${file}, not once: ${find}`)
    files.set(file, parts.join(replace))
  }
  return files
}

/** Paths of a checkout from which a gateway is built and run. */
const GATEWAY_PATHS = [
  'src',
  'templates',
  'migrations',
  'bin',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Copies a checkout's gateway, and `morePaths`, into a folder; node_modules is a link to the checkout's. */
export function copyCheckout(root: string, folder: string, morePaths: readonly string[] = []): void {
  mkdirSync(folder, { recursive: true })
  for (const path of [...GATEWAY_PATHS, ...morePaths]) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}

/** {@link copyCheckout} with a breakage's changes made in the copy. @throws Error as {@link changedFiles} does */
export function copyBroken(breakage: Breakage, root: string, folder: string, morePaths: readonly string[] = []): void {
  copyCheckout(root, folder, morePaths)
  for (const [file, text] of changedFiles(breakage, (path) => readFileSync(join(root, path), 'utf8')))
    writeFileSync(join(folder, file), text)
}
