import type { JsonObject } from '../../kernel/json.ts'
import type { Finding } from '../findings.ts'
import type { SeenCertificate } from './certificates.ts'
import { condition, type VaultCondition } from './findings.ts'
import { spanOf } from './token.ts'

/** Subject of the finding about the certificates of all nodes: they are renewed together. */
const NODES = 'nodes'
const MOST_NAMED = 10

type Known = SeenCertificate & { readonly certificate: NonNullable<SeenCertificate['certificate']> }

/** The conditions of certificates that expire within so many milliseconds, and of places that were not seen. */
export function expiryConditions(
  seen: readonly SeenCertificate[],
  { now, withinMs }: { readonly now: Date; readonly withinMs: number },
): readonly VaultCondition[] {
  const late = seen.filter((place): place is Known => leftMs(place, now) <= withinMs)
  const unseen = seen.filter(({ of, code }) => of !== 'node' && code !== undefined)
  const conditions = [...Map.groupBy(late, subjectOf)].map(([subject, places]) => conditionAt(subject, places, now))
  if (unseen.length > 0)
    conditions.push(
      condition('certificate_unseen', {
        node: named(unseen),
        impact: `The certificates of ${unseen.length} of ${seen.length} places can not be seen (${[...new Set(unseen.map(({ code }) => code))].join(', ')}), and may expire unnoticed.`,
        recommended_actions: ['Check that the gateway reaches these places, and that they still exist.'],
      }),
    )
  return conditions
}

/**
 * True for a finding of which nobody knows whether it is over: about a certificate that is watched and was not seen; about one that
 * expires soon, once it has expired, which has an event of its own; and about places of which one was not looked at yet.
 */
export function isUndecided(seen: readonly SeenCertificate[], now: Date): (finding: Finding) => boolean {
  const hidden = new Set(seen.filter(({ certificate }) => certificate === undefined).map(subjectOf))
  const expired = new Set(seen.filter((place) => leftMs(place, now) <= 0).map(subjectOf))
  const isWaiting = seen.some(
    ({ of, certificate, code }) => of !== 'node' && certificate === undefined && code === undefined,
  )
  return ({ finding, subject }) =>
    (finding === 'certificate_unseen' && isWaiting) ||
    (finding === 'certificate' && (hidden.has(subject) || expired.has(subject))) ||
    (finding === 'certificate_expired' && hidden.has(subject))
}

function conditionAt(subject: string, places: readonly Known[], now: Date): VaultCondition {
  const sorted = places.toSorted((a, b) => a.certificate.expires.getTime() - b.certificate.expires.getTime())
  const expired = sorted.filter((place) => leftMs(place, now) <= 0)
  const concerned = expired.length > 0 ? expired : sorted
  const first = concerned[0]
  const data: JsonObject = {
    node: named(concerned),
    ...(first === undefined
      ? {}
      : {
          certificate_subject: first.certificate.subject,
          certificate_expires: first.certificate.expires.toISOString(),
          ...(first.of === 'pki' ? { secret_path: first.name } : {}),
          impact:
            expired.length > 0
              ? 'It has expired: connections that check it fail.'
              : `It expires in ${spanOf(leftMs(first, now) / 1000)}.`,
        }),
  }
  return expired.length > 0
    ? condition('certificate_expired', data, { subject, priority: 'CRITICAL' })
    : condition('certificate', data, { subject })
}

function leftMs({ certificate }: SeenCertificate, now: Date): number {
  return certificate === undefined ? Number.POSITIVE_INFINITY : certificate.expires.getTime() - now.getTime()
}

function subjectOf({ of, name }: SeenCertificate): string {
  return of === 'node' ? NODES : name
}

function named(places: readonly SeenCertificate[]): string {
  const rest = places.length - MOST_NAMED
  const names = places.slice(0, MOST_NAMED).map(({ name }) => name)
  return names.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
