import { z } from 'zod'
import { between, duration, oneOf, text } from './config-parts.ts'
import { TLS_MODES } from './source-parts.ts'

// Parts of the schemas of systems that are watched.

/** The shortest time between two looks, in seconds. */
export const SHORTEST_INTERVAL = 5
/** Longest time of one look, in seconds: for the connection, and for the answer. */
export const LONGEST_LOOK = 20
export const INTERVAL = 30
export const BLIND_AFTER = 60

/** A duration in seconds, of at least so many. */
export const atLeast = (seconds: number, example: string) => {
  const error = `a duration of at least ${seconds} seconds, such as ${example}`
  return duration.refine((given) => given >= seconds, { error })
}

export const COMMON = {
  interval: atLeast(SHORTEST_INTERVAL, '30s').default(INTERVAL),
  blind_after: atLeast(SHORTEST_INTERVAL, '60s').default(BLIND_AFTER),
  open_after: duration.default(30),
  close_after: duration.default(60),
}

const HOST = /^[A-Za-z0-9_.:-]{1,253}$/
const HOST_EXPECTED = 'a host name or an address, without port'
export const bytes = between(0, Number.MAX_SAFE_INTEGER, true)

export const SERVER = {
  host: z.string({ error: HOST_EXPECTED }).trim().regex(HOST, { error: HOST_EXPECTED }),
  tls: oneOf(TLS_MODES).default('verify'),
  ca_file: text(1_000).optional(),
}
export const port = (byDefault: number) => between(1, 65_535, true).default(byDefault)

/** The milliseconds of the options of {@link COMMON} in a definition. */
export function commonOf(
  name: string,
  source: {
    readonly interval: number
    readonly blind_after: number
    readonly open_after: number
    readonly close_after: number
  },
) {
  return {
    name,
    intervalMs: source.interval * 1000,
    blindAfterMs: source.blind_after * 1000,
    openAfterMs: source.open_after * 1000,
    closeAfterMs: source.close_after * 1000,
  }
}

/** The options of {@link SERVER} in a definition. */
export function serverOf(source: {
  readonly host: string
  readonly tls: (typeof TLS_MODES)[number]
  readonly ca_file?: string | undefined
}) {
  return { host: source.host, tls: source.tls, caFile: source.ca_file }
}
