import { randomInt } from 'node:crypto'
import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Where a command writes. Answers go to stdout, everything about them to stderr, so that a pipe gets answers only. */
export interface Output {
  /** True with `--json`: then stdout gets one JSON document and nothing else. */
  readonly json: boolean
  /** A line for people on stdout; with `--json` nothing. */
  print(line?: string): void
  /** The answer for programs on stdout; without `--json` nothing. */
  answer(value: unknown): void
  /** A line on stderr, with `--json` too. */
  note(line: string): void
  /** What is going on, in place of what was said before. Only on a terminal, and gone when anything else is written. */
  progress(text: string): void
  /** Text for stdout in a style; plain unless stdout is a terminal and NO_COLOR is not set. */
  paint(style: Style, text: string): string
}

/** The streams of a process, as far as they are needed. */
export interface Streams {
  readonly stdout: Terminal
  readonly stderr: Terminal
}

/** A stream that may be a terminal. */
type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/**
 * Makes the output of one command. Whatever is written through it is fit for a terminal: what comes from a gateway, a database
 * or a file can neither move the cursor nor colour, clear or turn around what stands there.
 */
export function createOutput({ stdout, stderr }: Streams, json: boolean): Output {
  let shown = false
  // Tells this output's own colours from sequences that look like them in what is printed.
  const seal = String(randomInt(1e9, 1e12))
  const clean = (text: string) =>
    text
      .split(new RegExp(`(\\x1b\\[\\d+;${seal}m)`))
      .map((part, index) => (index % 2 === 1 ? part.replace(`;${seal}`, '') : plain(part)))
      .join('')
  function clear(): void {
    if (shown) stderr.write('\r\x1b[K')
    shown = false
  }
  return {
    json,
    print(line = '') {
      clear()
      if (!json) stdout.write(`${clean(line)}\n`)
    },
    answer(value) {
      clear()
      if (json) stdout.write(`${jsonText(value)}\n`)
    },
    note(line) {
      clear()
      stderr.write(`${plain(line)}\n`)
    },
    progress(text) {
      if (!stderr.isTTY) return
      clear()
      stderr.write(plain(text).slice(0, (stderr.columns || 80) - 1))
      shown = true
    },
    paint: (style, text) => styleText(style, plain(text), { stream: stdout }).replaceAll(SGR, `\x1b[$1;${seal}m`),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what styleText writes
const SGR = /\x1b\[(\d+)m/g

/** Control characters, and the invisible ones of Unicode, such as marks of writing direction. */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Text without sequences for a terminal and invisible characters; lines and tabs stay. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(INVISIBLE, (character) =>
    character === '\n' || character === '\t' ? character : '',
  )
}

/** JSON in which every invisible character is escaped: JSON itself asks for that only below U+0020. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(INVISIBLE, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()]
          .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
          .join(''),
  )
}

/**
 * Text from outside on one line. Control characters go here too, so that the width of a column is counted without them, and
 * marks of writing direction would turn the rest of the line around.
 */
export function onOneLine(text: string): string {
  return plain(text.replace(/\s+/g, ' '))
}
