import { randomInt } from 'node:crypto'
import { stripVTControlCharacters, styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Output of a command. Answers go to stdout, notes and progress to stderr, so that a pipe gets answers only. */
export interface Output {
  /** True with `--json`: then stdout gets one JSON document and nothing else. */
  readonly json: boolean
  /** A line for people on stdout; with `--json` nothing. */
  print(line?: string): void
  /** The answer for programs on stdout; without `--json` nothing. */
  answer(value: unknown): void
  /** A line on stderr, with `--json` too. */
  note(line: string): void
  /** Shows the current step on stderr, in place of the step before. Only on a terminal, and cleared by the next output. */
  progress(text: string): void
  /** Text for stdout in a style; plain unless stdout is a terminal and NO_COLOR is not set. */
  paint(style: Style, text: string): string
}

/** The part of `process` that {@link createOutput} writes to. */
export interface Streams {
  readonly stdout: Terminal
  readonly stderr: Terminal
}

/** A stream that may be a terminal. */
type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/**
 * Makes the output of one command. Everything written through it is safe for a terminal: text from a gateway, a database or a
 * file can neither move the cursor, nor colour or clear the screen, nor reverse the writing direction.
 */
export function createOutput({ stdout, stderr }: Streams, json: boolean): Output {
  let progressShown = false
  // Marks this output's own colour sequences, so that `clean` removes all others.
  const mark = String(randomInt(1e9, 1e12))
  const clean = (text: string) =>
    text
      .split(new RegExp(`(\\x1b\\[\\d+;${mark}m)`))
      .map((part, index) => (index % 2 === 1 ? part.replace(`;${mark}`, '') : plain(part)))
      .join('')
  function clear(): void {
    if (progressShown) stderr.write('\r\x1b[K')
    progressShown = false
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
      progressShown = true
    },
    paint: (style, text) => styleText(style, plain(text), { stream: stdout }).replaceAll(SGR, `\x1b[$1;${mark}m`),
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: matches the sequences of styleText
const SGR = /\x1b\[(\d+)m/g

/** Control characters, and the invisible ones of Unicode, such as marks of writing direction. */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Removes terminal sequences and invisible characters, except line feeds and tabs. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(INVISIBLE, (character) =>
    character === '\n' || character === '\t' ? character : '',
  )
}

/** Formats JSON with every invisible character escaped; the JSON standard requires that only below U+0020. */
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
 * Makes external text one line. Removes control characters here, before columns are measured, and marks of writing direction,
 * which would reverse the rest of the line.
 */
export function onOneLine(text: string): string {
  return plain(text.replace(/\s+/g, ' '))
}
