import type { Problem } from '../kernel/errors.ts'

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of a `.env` file, and all its problems. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>
  /** Each names its line and quotes no text: any line may contain a secret. */
  readonly problems: readonly Problem[]
}

/** `NAME=` before the value, with an optional `export` for shells. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/
const BLANK_OR_COMMENT = /^[ \t]*(?:#.*)?$/
/** A `#` only after a blank or at the start of the value: passwords contain `#`. */
const TRAILING_COMMENT = /(?:^|[ \t]+)#.*$/
const QUOTES = new Set(['"', "'", '`'])

/**
 * Parses a `.env` file: lines of `NAME=value`, comments after `#`, values in quotes that may have several lines, `\n` as a
 * line break in double quotes.
 *
 * Rejected: Node's `parseEnv`, which takes the next line for the value of `NAME= `, keeps a byte order mark in the first
 * name and drops invalid lines. Rejected: dotenv, which has neither of the first two faults, but also drops a line without
 * `=` and cuts a secret at any `#`. A dropped line is a setting that silently has its default.
 *
 * @param name name of the file, for problems
 */
export function parseEnvFile(text: string, name: string): EnvFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const values: Record<string, string> = {}
  const problems: Problem[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (BLANK_OR_COMMENT.test(line)) continue
    const at = `${name}, line ${index + 1}`
    const [start, setting] = ASSIGNMENT.exec(line) ?? []
    if (start === undefined || setting === undefined) {
      const found = line.includes('=') ? 'a line without a name before its "="' : 'a line without "="'
      problems.push({ at, found, expected: 'NAME=value, or # before a comment' })
      continue
    }
    const rest = line.slice(start.length)
    const quote = rest.charAt(0)
    if (!QUOTES.has(quote)) {
      values[setting] = rest.replace(TRAILING_COMMENT, '').trimEnd()
      continue
    }
    const quoted = readQuoted(lines, index, rest.slice(1), quote)
    if (quoted === undefined) {
      problems.push({
        at,
        found: `a value that begins with ${quote} and has no such quote at its end`,
        expected: 'both quotes, or none',
      })
      continue
    }
    if (!BLANK_OR_COMMENT.test(quoted.behind))
      problems.push({ at, found: 'text behind the closing quote', expected: 'nothing, or a comment' })
    values[setting] = quote === '"' ? quoted.value.replaceAll('\\n', '\n') : quoted.value
    index = quoted.lastLine
  }
  return { values, problems }
}

/** Reads a value up to its closing quote, which may be on a later line; undefined where there is none. */
function readQuoted(lines: readonly string[], from: number, first: string, quote: string) {
  const parts: string[] = []
  for (let index = from; index < lines.length; index++) {
    const line = index === from ? first : (lines[index] ?? '')
    const end = line.indexOf(quote)
    if (end >= 0)
      return { value: [...parts, line.slice(0, end)].join('\n'), behind: line.slice(end + 1), lastLine: index }
    parts.push(line)
  }
  return undefined
}
