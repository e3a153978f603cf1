import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { type Acceptor, createAcceptor } from '../../src/intake/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'

/** The catalogue that the gateway ships. */
export function shippedCatalogue(): Catalogue {
  const budget = { requests: 60, period: 60, burst: 10 }
  return loadCatalogue({ language: 'en', budget, configFile: undefined, config: undefined })
}

/** The checks of the accept path, for what is not written. */
export function createChecks(catalogue: Catalogue): Acceptor['check'] {
  return createUnwritten(catalogue).check
}

/** The accept stage, for what is checked and protected, and not written. */
export function createUnwritten(catalogue: Catalogue): Acceptor {
  const wake = async () => {}
  const acknowledged = { CRITICAL: 60, HIGH: 60, MEDIUM: 60 }
  const times = { keyTtl: 60, repeats: { window: 60, acknowledged }, clock: systemClock }
  return createAcceptor({ catalogue, phiPolicy: 'mask', ...times, wake })
}
