import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkout } from './gateway.ts'

/** What of a checkout a gateway is built from and runs from. */
const PARTS = [
  'src',
  'templates',
  'migrations',
  'bin',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Copies these parts into a new folder, with the checkout's own packages. */
export function copyParts(checkout: Checkout, folder: string): Checkout {
  mkdirSync(folder, { recursive: true })
  for (const part of PARTS) cpSync(join(checkout.root, part), join(folder, part), { recursive: true })
  symlinkSync(join(checkout.root, 'node_modules'), join(folder, 'node_modules'))
  return { root: folder }
}

/**
 * Builds a checkout's gateway in a folder of its own, as it is published: what runs at users' is JavaScript, and a process
 * that strips types keeps the compiler, 15 to 20 MB, in its memory.
 *
 * @throws Error when it does not build
 */
export function buildGateway(checkout: Checkout, folder: string): Checkout {
  const copy = copyParts(checkout, folder)
  execFileSync(process.execPath, [join(folder, 'scripts/build.ts')], { cwd: folder, stdio: ['ignore', 2, 2] })
  // `bin` runs the source where it finds it. The rest stays: bench reads there which settings a gateway knows.
  rmSync(join(folder, 'src/app/main.ts'))
  return copy
}
