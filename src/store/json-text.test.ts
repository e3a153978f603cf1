import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { JsonText } from './json-text.ts'

const pieces = ['{"a":', '"مرحبا"', '}']

it('JsonText is binary jsonb for pg, and its value for JSON.stringify', () => {
  const text = new JsonText(pieces)
  expect(text.toPostgres()).toEqual(Buffer.concat([Buffer.from([1]), Buffer.from('{"a":"مرحبا"}')]))
  expect(JSON.stringify(text)).toBe('{"a":"مرحبا"}')
})

it('JsonText prints nothing of its value', () => {
  expect(`${inspect(new JsonText(pieces), { depth: 9 })}${new JsonText(pieces)}`).not.toContain('مرحبا')
})
