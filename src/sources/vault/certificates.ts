import { X509Certificate } from 'node:crypto'
import type { VaultDefinition } from '../../catalogue/vault-definition.ts'
import type { SourceCode } from '../../contract/sources.ts'
import type { Clock } from '../../kernel/clock.ts'
import { SourceProblem } from '../source.ts'
import type { NodeClient } from './http.ts'
import { readServerCertificate } from './tls-end.ts'

/** Between two looks at a certificate that was seen. */
const AGAIN_MS = 600_000
/** Most certificates of one answer: an issuer's, and those that signed it. */
const MOST_IN_ANSWER = 5

/** A place that has a certificate. */
export interface CertificatePlace {
  /** `host:port`, or the path in Vault's API. */
  readonly name: string
  readonly of: 'node' | 'end' | 'pki'
}

/** What is known of the certificate at a place. */
export interface SeenCertificate extends CertificatePlace {
  /** The one that expires first; undefined where none was seen yet. */
  readonly certificate: { readonly subject: string; readonly expires: Date } | undefined
  /** Why it could not be seen this time. */
  readonly code: SourceCode | undefined
}

/** Looks at certificates, at each only now and then. */
export interface CertificateWatch {
  /**
   * Looks where it is time, and returns what is known of all.
   *
   * @param active the node that answers for PKI mounts; they are not looked at without one
   */
  look(client: NodeClient, active: string | undefined, signal: AbortSignal): Promise<readonly SeenCertificate[]>
}

/** Where a source looks for certificates: its nodes with TLS, its `certificates`, its `pki`. */
export function placesOf({ nodes, certificates, pki }: VaultDefinition): readonly CertificatePlace[] {
  const secure = nodes.map((node) => new URL(node)).filter(({ protocol }) => protocol === 'https:')
  return [
    ...secure.map(({ hostname, port }): CertificatePlace => ({ name: `${hostname}:${port || '443'}`, of: 'node' })),
    ...certificates.map((name): CertificatePlace => ({ name, of: 'end' })),
    ...pki.map((path): CertificatePlace => ({ name: pemPath(path), of: 'pki' })),
  ]
}

/** Makes the watch over a source's certificates. A place that was not seen is looked at again by the next look. */
export function createCertificateWatch(definition: VaultDefinition, clock: Clock): CertificateWatch {
  const places = placesOf(definition)
  const known = new Map<CertificatePlace, SeenCertificate & { readonly at: number }>()
  const isDue = (place: CertificatePlace) => {
    const last = known.get(place)
    if (last === undefined || last.code !== undefined) return true
    return Math.abs(clock.now().getTime() - last.at) >= AGAIN_MS
  }
  return {
    async look(client, active, signal) {
      const due = places.filter((place) => isDue(place) && (place.of !== 'pki' || active !== undefined))
      await Promise.all(
        due.map(async (place) => {
          const read = await readAt(place, client, active, signal)
          const certificate = read.certificate ?? known.get(place)?.certificate
          known.set(place, { ...place, certificate, code: read.code, at: clock.now().getTime() })
        }),
      )
      return places.map((place) => known.get(place) ?? { ...place, certificate: undefined, code: undefined })
    },
  }
}

async function readAt(
  place: CertificatePlace,
  client: NodeClient,
  active: string | undefined,
  signal: AbortSignal,
): Promise<Pick<SeenCertificate, 'certificate' | 'code'>> {
  try {
    const found =
      place.of === 'pki' ? await readIssuer(client, active ?? '', place.name) : [await readEnd(place.name, signal)]
    const [first] = found.toSorted((a, b) => a.validToDate.getTime() - b.validToDate.getTime())
    if (first === undefined || Number.isNaN(first.validToDate.getTime())) throw new SourceProblem('answer_unreadable')
    return { certificate: { subject: subjectOf(first), expires: first.validToDate }, code: undefined }
  } catch (error) {
    return { certificate: undefined, code: error instanceof SourceProblem ? error.code : 'failed' }
  }
}

function readEnd(name: string, signal: AbortSignal): Promise<X509Certificate> {
  const colon = name.lastIndexOf(':')
  const host = name.slice(0, colon).replace(/^\[|\]$/g, '')
  return readServerCertificate({ host, port: Number(name.slice(colon + 1)) }, signal)
}

/** Needs no token: Vault gives the certificates of its authorities to everybody. */
async function readIssuer(client: NodeClient, active: string, path: string): Promise<readonly X509Certificate[]> {
  const { status, text } = await client.ask(active, path)
  if (status !== 200) throw new SourceProblem(status >= 500 ? 'no_answer' : 'refused')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.slice(0, MOST_IN_ANSWER).map((block) => new X509Certificate(block))
  } catch (error) {
    throw new SourceProblem('answer_unreadable', { cause: error })
  }
}

/** The path of the certificate of a mount's default issuer, or of the issuer that is named. */
function pemPath(path: string): string {
  return /\/issuer\/[^/]+$/.test(path) ? `${path}/pem` : `${path}/ca/pem`
}

/** The name of a certificate in one line: `CN=claims.internal, O=GIVC`. */
function subjectOf({ subject, serialNumber }: X509Certificate): string {
  const name = (subject ?? '').replace(/\s*\n\s*/g, ', ').slice(0, 300)
  return name === '' ? `serial number ${serialNumber.slice(0, 60)}` : name
}
