import { stripVTControlCharacters } from 'node:util'
import type { State } from '../contract/notifications.ts'
import type { Output } from './output.ts'

/** Formats rows in columns, two blanks apart. Cells may contain colours; the last column is not padded. */
export function inColumns(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
  return rows.map((row) =>
    (indent + row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))).join('  ')).trimEnd(),
  )
}

function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}

/** Formats a time for people, in UTC and whole seconds. */
export function moment(date: Date): string {
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

/** Formats a state in its colour. */
export function painted(state: State, output: Output): string {
  if (state === 'accepted' || state === 'posted') return output.paint('green', state)
  return state === 'failed' ? output.paint('red', state) : output.paint('yellow', state)
}

/** Formats named values, one line each, without those that are null. A value may contain colours of {@link Output.paint}. */
export function namedValues(values: readonly (readonly [string, string | null])[], output: Output): string[] {
  return inColumns(values.flatMap(([name, value]) => (value === null ? [] : [[output.paint('dim', name), value]])))
}
