import { z } from 'zod'
import { count, moment, record } from './json-names.ts'

/** Why a source can not see its system, each with what to do. */
export const SOURCE_CODES = {
  not_reached: {
    means: 'No connection could be opened.',
    todo: 'Check that the system runs, and that the host, the port and the firewall let the gateway reach it.',
  },
  no_answer: {
    means: 'The system took the connection and did not answer in time.',
    todo: 'Look at the load of the system, and for locks that its answers wait for.',
  },
  busy: {
    means: 'The system refuses connections because it has too many, or because it starts or stops.',
    todo: 'Look at what uses its connections. It is tried again.',
  },
  tls_failed: {
    means: 'No encrypted connection could be made: the certificate is not valid, or the system has no TLS.',
    todo: 'Renew the certificate, name its authority in `ca_file`, or set `tls` of the source.',
  },
  secret_missing: {
    means: 'The source has no secret, and the system asks for one: none is set, or Vault could not be read.',
    todo: 'Set TEAMS_SOURCE_SECRET_<NAME>, or the field of the source in TEAMS_SOURCES_FILE or Vault.',
  },
  secret_refused: {
    means: 'The system refuses the user or its secret.',
    todo: 'Set the right user and secret; a changed secret in a file or Vault is read without a restart.',
  },
  rights_missing: {
    means: 'The user may not read what has to be read.',
    todo: 'Give the user the rights that the guide of sources names, and no more.',
  },
  refused: {
    means: 'The system refuses what the source names, such as a database that it does not have.',
    todo: 'Check the options of the source in the configuration.',
  },
  version_unsupported: {
    means: 'The system is of a version or a make that lacks what has to be read.',
    todo: 'Compare its version with those that the guide of sources names.',
  },
  statistics_off: {
    means:
      'The system answers, and has no figures of what is watched: its statistics are switched off, or not there yet.',
    todo: 'Switch the statistics of the system on, as the guide of sources says.',
  },
  too_many: {
    means: 'The system has more parts than one look reads.',
    todo: 'Name those that matter in the options of the source, as the guide of sources says.',
  },
  answer_too_large: {
    means: 'The answer has more bytes than are read.',
    todo: 'Check that the host and the port are those of the system; else report it.',
  },
  answer_unreadable: {
    means: 'The answer is not what such a system answers.',
    todo: 'Check that the host and the port are those of the system, and its version.',
  },
  failed: {
    means: 'The source failed in another way, which the log names.',
    todo: 'Look for `source_failed` in the log, and report it.',
  },
} as const satisfies Readonly<Record<string, { readonly means: string; readonly todo: string }>>

const ORIGIN = 'source:'

/** The origin of the events of a source. */
export function sourceOrigin(name: string): string {
  return ORIGIN + name
}

/** True for the origin of a source's events. */
export function isSourceOrigin(origin: string): boolean {
  return origin.startsWith(ORIGIN)
}

/** Why a source can not see its system. */
export type SourceCode = keyof typeof SOURCE_CODES

/** True for a key of {@link SOURCE_CODES}. */
export function isSourceCode(code: string): code is SourceCode {
  return Object.hasOwn(SOURCE_CODES, code)
}

/** A condition of a watched system that is open. */
export interface OpenFinding {
  /** What it is about: `lag`, `connections`. */
  readonly finding: string
  /** Name of the part of the system; empty for the system as a whole. */
  readonly subject: string
  readonly since: Date
}

/** A source in answers of the service. */
export interface SourceView {
  readonly name: string
  readonly kind: string
  /** Host and process id of the replica that runs it; null where none does. */
  readonly runBy: string | null
  /** The last time that it saw its system. */
  readonly seenAt: Date | null
  /** Since when it does not see it; null while it does. */
  readonly unseenSince: Date | null
  /** The same, once `gateway.source.blind` was sent. */
  readonly blindSince: Date | null
  /** Why it does not see it: a key of `SOURCE_CODES`. */
  readonly code: string | null
  readonly open: readonly OpenFinding[]
  /** Number of open findings that are not listed. */
  readonly more: number
}

/** A {@link SourceView} in JSON. */
export const sourceWire = record({
  name: z.string(),
  kind: z.string(),
  run_by: z
    .string()
    .nullable()
    .meta({ description: 'Host and process id of the replica that runs it; null if none does.' }),
  seen_at: moment.nullable().meta({ description: 'The last time that it saw its system.' }),
  unseen_since: moment.nullable().meta({ description: 'Since when it does not see its system; null while it does.' }),
  blind_since: moment.nullable().meta({ description: 'The same, once gateway.source.blind was sent.' }),
  code: z.string().nullable().meta({ description: 'Why it does not see its system.' }),
  open: z
    .array(z.object({ finding: z.string(), subject: z.string(), since: moment }))
    .readonly()
    .meta({ description: 'What is wrong with the system.' }),
  more: count.meta({ description: 'Number of open findings that are not listed.' }),
})

/** The answer to `GET /v1/sources`. */
export const sourcesWire = z.object({ sources: z.array(sourceWire) })
