/** A Markdown table; a `|` inside a cell is escaped. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Text as a code span; empty for undefined. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

/** Several texts as code, with commas between. */
export function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ')
}

/** A page: title, one paragraph and sections, after a comment that names the generator. */
export function page(title: string, source: string, introduction: string, ...sections: readonly string[]): string {
  const note = `<!-- Written by "npm run docs" from ${source}; do not edit by hand. -->`
  return `${[`# ${title}`, note, introduction, ...sections].join('\n\n')}\n`
}
