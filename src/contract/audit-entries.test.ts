import { describe, expect, it } from 'vitest'
import { actorVia } from './audit-entries.ts'

describe('actorVia', () => {
  it.each([
    ['library', 'library'],
    ['library:claims', 'library'],
    ['cli', 'command_line'],
    ['cli:sara', 'command_line'],
    ['gateway', 'gateway'],
    ['source:claims_db', 'source'],
    ['http', 'unauthenticated'],
    ['http:ops', 'token'],
    ['http:signed', 'signature'],
    ['http:signed:celery', 'signature'],
    ['http:signed-ops', 'token'],
    ['Sara', 'library'],
    ['Sara: on call', 'library'],
  ])('says how %s is known, without its name: %s', (origin, via) => {
    expect(actorVia(origin)).toBe(via)
  })
})
