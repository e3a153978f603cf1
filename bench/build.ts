import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyCheckout } from '../breakages/breakage.ts'
import type { Checkout } from './gateway.ts'

/**
 * Builds a checkout's gateway in a folder of its own, as it is published: what runs at users' is JavaScript, and a process
 * that strips types keeps the compiler, 15 to 20 MB, in its memory.
 *
 * @throws Error when it does not build
 */
export function buildGateway(checkout: Checkout, folder: string): Checkout {
  copyCheckout(checkout.root, folder)
  execFileSync(process.execPath, [join(folder, 'scripts/build.ts')], { cwd: folder, stdio: ['ignore', 2, 2] })
  // `bin` runs the source where it finds it. The rest stays: bench reads there which settings a gateway knows.
  rmSync(join(folder, 'src/app/main.ts'))
  return { root: folder }
}
