import { join } from 'node:path'
import { type Change, copyBroken } from '../breakages/breakage.ts'
import { buildGateway, type Checkout } from './gateway.ts'

/** Changes after which a gateway writes and seals no audit entries: to measure what they cost, in the same run. */
export const WITHOUT_ENTRIES: readonly Change[] = [
  {
    file: 'src/store/state-changes.ts',
    find: 'entry === undefined ||',
    replace: 'entry === undefined || Date.now() > 0 ||',
  },
  {
    file: 'src/app/start-delivery.ts',
    find: 'releases.add(startSealer(',
    replace: 'if (Date.now() < 0) releases.add(startSealer(',
  },
]

/** Builds a checkout's gateway without audit entries, in a folder of its own. */
export function buildWithoutEntries(checkout: Checkout, folder: string): Checkout {
  const source = join(folder, 'source')
  copyBroken({ name: 'without entries', changes: WITHOUT_ENTRIES }, checkout.root, source)
  return buildGateway({ root: source }, join(folder, 'built'))
}
