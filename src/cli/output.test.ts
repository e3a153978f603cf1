import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createOutput, onOneLine } from './output.ts'

/** ESC and CSI as one byte, CR, BEL, a link, a window title, and marks of writing direction. */
const HOSTILE =
  'a\x1b[31mb\x1b[2Jc\rd\x07e\x9b31mf\x1b]0;title\x07g\x1b]8;;https://evil.example\x07h\x7fi\u202ej\u2066k\u2028l\u{e0041}m'
const PLAIN = 'abcdefghijklm'

/** Streams with colours, as on a terminal, and the text written to each. */
function recorded() {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => {
    const into = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
    return Object.assign(into, { isTTY: true, columns: 80, getColorDepth: () => 8, hasColors: () => true })
  }
  return { written, streams: { stdout: stream('stdout'), stderr: stream('stderr') } }
}

describe('output for people', () => {
  it.each(['stdout', 'stderr'] as const)('has no terminal sequences on %s', (name) => {
    const { written, streams } = recorded()
    const output = createOutput(streams, false)
    if (name === 'stdout') output.print(`1\t${HOSTILE}\n2`)
    else output.note(`1\t${HOSTILE}\n2`)
    expect(written[name]).toBe(`1\t${PLAIN}\n2\n`)
  })

  it('keeps its own colours only', () => {
    const { written, streams } = recorded()
    const output = createOutput(streams, false)
    output.print(`${output.paint('red', HOSTILE)} ${HOSTILE}`)
    expect(written.stdout).toBe(`\x1b[31m${PLAIN}\x1b[39m ${PLAIN}\n`)
  })

  it('on one line has neither line breaks nor invisible characters', () => {
    expect(onOneLine(`1\t${HOSTILE}\n 2`)).toBe(`1 ${PLAIN.replace('cd', 'c d').replace('kl', 'k l')} 2`)
  })
})

describe('output for programs', () => {
  it('is equal JSON, with invisible characters escaped', () => {
    const { written, streams } = recorded()
    createOutput(streams, true).answer({ [HOSTILE]: [HOSTILE] })
    expect(JSON.parse(written.stdout)).toEqual({ [HOSTILE]: [HOSTILE] })
    expect(written.stdout).not.toMatch(/[\p{Cf}\u2028\u2029]|(?!\n)\p{Cc}/u)
  })
})
