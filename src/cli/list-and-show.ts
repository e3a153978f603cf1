import { EXIT, type ExitCode } from '../kernel/exit-codes.ts'
import { inColumns } from './columns.ts'
import { withTarget } from './open-target.ts'
import type { Output } from './output.ts'
import type { OwnGateways } from './own-gateways.ts'
import type { Target, TargetFlags } from './target.ts'

/** Options of a list command: the gateway, and the filters by name, not yet parsed. */
export type ListFlags = TargetFlags & Filters
type Filters = Readonly<Record<string, unknown>>

/** The columns of a list, by title: each makes the cell of a row. */
export type Columns<Row> = Readonly<Record<string, (row: Row, output: Output) => string>>

/** What a list command lists. */
export interface Listing<Query, Page extends { readonly nextCursor: string | null }, Row> {
  /** One row in words: "No such silence in …". */
  readonly one: string
  /** What is said of no rows, in place of "No such …". */
  readonly none?: string
  /** @throws GatewayError `invalid_request` that names the options */
  readonly readFilters: (filters: Filters) => Query
  readonly list: (target: Target, query: Query) => Promise<Page>
  readonly rows: (page: Page) => readonly Row[]
  readonly toJson: (page: Page) => unknown
  readonly columns: Columns<Row>
  /** Why the list may be empty. */
  readonly hints?: (query: Query, target: Target) => Promise<readonly string[]>
}

/** Makes a list command: one page of rows in columns, and how to get the next one. */
export function listCommandOf<Query, Page extends { readonly nextCursor: string | null }, Row>(
  listing: Listing<Query, Page, Row>,
) {
  return async (options: ListFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> => {
    const { url: _url, token: _token, ...filters } = options
    const query = listing.readFilters(filters)
    return withTarget(options, 'read', output, gateways, async (target) => {
      const page = await listing.list(target, query)
      const rows = listing.rows(page)
      output.answer(listing.toJson(page))
      if (rows.length > 0) for (const line of tableOf(rows, listing.columns, output)) output.print(line)
      else {
        output.print(`${listing.none ?? `No such ${listing.one}`} in ${target.place}.`)
        for (const hint of (await listing.hints?.(query, target)) ?? []) output.note(hint)
      }
      if (page.nextCursor !== null && !output.json) output.note(`There are more: --cursor ${page.nextCursor}`)
      return EXIT.ok
    })
  }
}

function tableOf<Row>(rows: readonly Row[], columns: Columns<Row>, output: Output): string[] {
  const cells = Object.values(columns)
  return inColumns([
    Object.keys(columns).map((title) => output.paint('dim', title)),
    ...rows.map((row) => cells.map((cell) => cell(row, output))),
  ])
}

/** Makes a show command: one row by its id. */
export function showCommandOf<Row>(shown: {
  readonly get: (target: Target, id: string) => Promise<Row>
  readonly toJson: (row: Row) => unknown
  readonly describe: (row: Row, output: Output) => Iterable<string>
}) {
  return async (id: string, flags: TargetFlags, output: Output, gateways: OwnGateways): Promise<ExitCode> =>
    withTarget(flags, 'read', output, gateways, async (target) => {
      const row = await shown.get(target, id)
      output.answer(shown.toJson(row))
      for (const line of shown.describe(row, output)) output.print(line)
      return EXIT.ok
    })
}
