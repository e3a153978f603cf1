import { describe, expect, it } from 'vitest'
import { leafHash } from '../tree.ts'
import { CSV_COLUMNS, CSV_HEADER, csvCell, csvRow } from './csv.ts'
import { fieldsOf } from './entry-line.ts'

describe('csvCell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['=HYPERLINK("https://x","y")', `"'=HYPERLINK(""https://x"",""y"")"`],
    [-1, "'-1"],
  ])('makes the formula %j harmless', (value, cell) => {
    expect(csvCell(value)).toBe(cell)
  })

  it.each([
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [false, 'false'],
    ['a=b', 'a=b'],
    ['a,b', '"a,b"'],
    ['say "no"', '"say ""no"""'],
    ['two\nlines', '"two\nlines"'],
    [['a', 'b'], '"[""a"",""b""]"'],
  ])('writes %j as RFC 4180 says', (value, cell) => {
    expect(csvCell(value)).toBe(cell)
  })
})

describe('csvRow', () => {
  it('has a cell for each column, and only the place of an entry that is gone', () => {
    const body = Buffer.from('{"v":1,"kind":"channel.rest_ended","at":"2026-11-30T08:15:02.123Z","channel":"=sre"}')
    const place = { origin: 'a.example/b', index: 7, id: 9 }
    const row = csvRow({ ...place, leaf: leafHash(body), body }, fieldsOf(body))
    expect(row).toBe(
      `a.example/b,7,9,2026-11-30T08:15:02.123Z,channel.rest_ended,,,,,,,,'=sre${','.repeat(CSV_COLUMNS.length - 13)}\r\n`,
    )
    expect(csvRow({ ...place, leaf: leafHash(body), body: undefined }, undefined)).toBe(
      `a.example/b,7,9${','.repeat(CSV_COLUMNS.length - 3)}\r\n`,
    )
    expect(CSV_HEADER.startsWith('\uFEFForigin,index,id,at,kind,')).toBe(true)
  })
})
