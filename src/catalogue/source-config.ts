import { z } from 'zod'
import { alertmanagerSchema } from './alertmanager-config.ts'
import type { AlertmanagerInput } from './alertmanagers.ts'
import { WATCHED_KINDS, type WatchedInput } from './source-definitions.ts'
import { WATCHED_SCHEMAS } from './watched-config.ts'

/** Kinds of sources. */
const SOURCE_KINDS = ['alertmanager', ...WATCHED_KINDS] as const

/** A source in the configuration. */
export type SourceInput = AlertmanagerInput | WatchedInput

/** The schema of one source, by its kind, with the schemas of references to groups and lists of channels. */
export function sourceSchema<G extends z.ZodType<string, string>, C extends z.ZodType<string[], string[]>>(references: {
  readonly group: G
  readonly channels: C
}) {
  return z.discriminatedUnion('kind', [alertmanagerSchema(references), ...WATCHED_SCHEMAS], {
    error: (issue) => (issue.code === 'invalid_union' ? `one of: ${SOURCE_KINDS.join(', ')}` : 'an object'),
  })
}
