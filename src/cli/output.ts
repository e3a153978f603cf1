import { styleText } from 'node:util'

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
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Makes the output of one command. */
export function createOutput({ stdout, stderr }: Streams, json: boolean): Output {
  let shown = false
  function clear(): void {
    if (shown) stderr.write('\r\x1b[K')
    shown = false
  }
  return {
    json,
    print(line = '') {
      clear()
      if (!json) stdout.write(`${line}\n`)
    },
    answer(value) {
      clear()
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    note(line) {
      clear()
      stderr.write(`${line}\n`)
    },
    progress(text) {
      if (!stderr.isTTY) return
      clear()
      stderr.write(text.slice(0, (stderr.columns || 80) - 1))
      shown = true
    },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  }
}

/**
 * Text from outside on one line, fit for a terminal: control characters could move the cursor or colour what follows,
 * and marks of writing direction would turn the rest of the line around.
 */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '')
}
