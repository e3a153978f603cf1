import { expect, it } from 'vitest'
import { withExplicitSslMode } from './ssl-mode.ts'

it.each([
  ['postgres://u:p@h/d', 'postgres://u:p@h/d'],
  ['postgres://u:p@h/d?sslmode=require', 'postgres://u:p@h/d?sslmode=verify-full'],
  ['postgres://h/d?a=b&sslmode=prefer&c=d', 'postgres://h/d?a=b&sslmode=verify-full&c=d'],
  ['postgres://h/d?sslmode=verify-ca', 'postgres://h/d?sslmode=verify-full'],
  ['postgres://h/d?sslmode=no-verify', 'postgres://h/d?sslmode=no-verify'],
  ['postgres://h/d?sslmode=disable', 'postgres://h/d?sslmode=disable'],
  ['postgres://h/d?sslmode=require&uselibpqcompat=true', 'postgres://h/d?sslmode=require&uselibpqcompat=true'],
  ['postgres://u:sslmode=require@h/d', 'postgres://u:sslmode=require@h/d'],
])('sslmode for pg: %s', (url, expected) => {
  expect(withExplicitSslMode(url)).toBe(expected)
})
