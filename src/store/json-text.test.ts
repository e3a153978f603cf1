import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { JsonText } from './json-text.ts'

const pieces = ['{"a":', '"مرحبا"', '}']

it('is jsonb in its binary form for pg, and the value itself for who writes JSON', () => {
  const text = new JsonText(pieces)
  expect(text.toPostgres()).toEqual(Buffer.concat([Buffer.from([1]), Buffer.from('{"a":"مرحبا"}')]))
  expect(JSON.stringify(text)).toBe('{"a":"مرحبا"}')
})

it('shows nothing of what it holds to who prints it', () => {
  expect(`${inspect(new JsonText(pieces), { depth: 9 })}${new JsonText(pieces)}`).not.toContain('مرحبا')
})
