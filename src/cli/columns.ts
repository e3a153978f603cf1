import { stripVTControlCharacters } from 'node:util'

/** Lays rows out in columns, two blanks apart. Cells may hold colours; the last column is not padded. */
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
