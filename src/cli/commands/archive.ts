import { z } from 'zod'
import {
  type ArchivedDetail,
  type ArchivedState,
  archivedDetailWire,
  archivePageWire,
  readArchiveQuery,
} from '../../contract/archive.ts'
import { EXIT, type ExitCode } from '../../kernel/exit-codes.ts'
import { moment, namedValues } from '../columns.ts'
import { listCommandOf } from '../list-and-show.ts'
import { readFlags } from '../list-filters.ts'
import { withTarget } from '../open-target.ts'
import { type Output, onOneLine } from '../output.ts'
import type { OwnGateways } from '../own-gateways.ts'
import type { TargetFlags } from '../target.ts'

/** `archive list` */
export const listCommand = listCommandOf({
  one: 'archived record',
  readFilters: (filters) => readFlags(filters, readArchiveQuery),
  list: (target, query) => target.archive.list(query),
  rows: ({ records }) => records,
  toJson: ({ records, nextCursor }) => z.encode(archivePageWire, { records: [...records], nextCursor }),
  columns: {
    STATE: ({ state }, output) => painted(state, output),
    KIND: ({ kind }) => onOneLine(kind),
    SOURCE: ({ source }) => onOneLine(source ?? ''),
    SUBJECT: ({ subject }) => onOneLine(subject),
    BYTES: ({ size }) => String(size),
    'ARCHIVED AT': ({ archivedAt }) => moment(archivedAt),
    KEY: ({ keyId }) => keyId ?? 'erased',
    ID: ({ id }) => id,
  },
})

/** `archive show` */
export async function showCommand(
  id: string,
  flags: TargetFlags,
  output: Output,
  gateways: OwnGateways,
): Promise<ExitCode> {
  return withTarget(flags, 'admin', output, gateways, async (target) => {
    const record = await target.archive.get(id)
    output.answer(z.encode(archivedDetailWire, record))
    for (const line of described(record, output)) output.print(line)
    return EXIT.ok
  })
}

/** `archive rewrap`: exit code 1 where a record keeps its old key. */
export async function rewrapCommand(flags: TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> {
  return withTarget(flags, 'admin', output, gateways, async (target) => {
    let rewrapped = 0
    let withoutKey = 0
    const damaged: string[] = []
    let cursor: string | null | undefined
    while (cursor !== null) {
      const step = await target.archive.rewrap(cursor)
      rewrapped += step.rewrapped
      withoutKey += step.withoutKey
      damaged.push(...step.damaged)
      cursor = step.nextCursor
      output.progress(`${rewrapped} records are wrapped anew …`)
    }
    output.answer({ rewrapped, without_key: withoutKey, damaged })
    output.print(`${rewrapped} records are wrapped by the newest key now.`)
    if (withoutKey > 0)
      output.note(`${withoutKey} records keep a key that is not set. Put it after the newest one, and run this again.`)
    for (const id of damaged) output.note(`${id} can not be decrypted: somebody changed its row.`)
    return withoutKey + damaged.length > 0 ? EXIT.no : EXIT.ok
  })
}

function* described(record: ArchivedDetail, output: Output): Iterable<string> {
  const facts: [string, string | null][] = [
    [record.kind, record.id],
    ['state', painted(record.state, output)],
    ['source', record.source === null ? null : onOneLine(record.source)],
    ['subject', onOneLine(record.subject)],
    ['event', record.eventId],
    ['action', record.actionId],
    ['archived', moment(record.archivedAt)],
    ['restored', record.restoredAt && moment(record.restoredAt)],
    ['key', record.keyId],
    ['about', onOneLine(JSON.stringify(record.about))],
  ]
  yield* namedValues(facts, output)
  yield `\n${output.paint('bold', 'Content')}`
  yield contentOf(record)
}

/** The content as text, or in base64 where it is none. */
function contentOf({ content }: ArchivedDetail): string {
  const bytes = Buffer.from(content, 'base64')
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : content
}

function painted(state: ArchivedState, output: Output): string {
  if (state === 'restored') return output.paint('dim', state)
  return state === 'restoring' ? output.paint('yellow', state) : state
}
