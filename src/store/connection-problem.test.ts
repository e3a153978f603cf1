import { describe, expect, it } from 'vitest'
import { connectionProblem } from './connection-problem.ts'

describe('connectionProblem', () => {
  it('names a missing password, for which the driver has no code', () => {
    const error = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')
    expect(connectionProblem(error).found).toMatch(/^no password/)
  })

  it('keeps the code of an unknown error, without its message', () => {
    const error = Object.assign(new Error('could not reach postgres://u:secret@h/db'), { code: 'EWHATEVER' })
    expect(connectionProblem(error)).toEqual({
      found: 'no answer (EWHATEVER)',
      expected: 'a PostgreSQL that accepts this user',
    })
  })
})
