import { describe, expect, it } from 'vitest'
import { Secret } from '../../kernel/secret.ts'
import { createAddressChecks } from './addresses.ts'

const BASE = 'https://a.environment.api.powerplatform.com/workflows/1/triggers/manual/paths/invoke'
const SIGNED = new Secret(`${BASE}?sp=%2Ftriggers%2Fmanual&sig=a%2Bsignature`)
const sre = { key: 'sre', auth: 'sas' } as const

describe('createAddressChecks', () => {
  it('returns the result of checkAddress, and the parts that an answer may repeat', () => {
    const check = createAddressChecks({ extraSuffixes: [] })
    const { check: checked, parts } = check(sre, SIGNED, undefined)
    expect(checked).toMatchObject({ ok: true, origin: 'https://a.environment.api.powerplatform.com', sandbox: false })
    const path = SIGNED.reveal().slice(SIGNED.reveal().indexOf('/workflows'))
    expect(parts).toEqual([path, '/triggers/manual', 'a+signature'])
  })

  it('checks an address once, by its value', () => {
    const check = createAddressChecks({ extraSuffixes: [] })
    const first = check(sre, SIGNED, undefined)
    expect(check(sre, new Secret(SIGNED.reveal()), undefined)).toBe(first)
    expect(check({ ...sre, key: 'pmo' }, SIGNED, undefined)).toEqual(first)
    expect(check(sre, SIGNED, undefined)).toBe(first)
  })

  it('checks again when the address, the origin of the sandbox or auth changes', () => {
    const check = createAddressChecks({ extraSuffixes: [] })
    const unsigned = new Secret(BASE)
    const local = new Secret('http://127.0.0.1:8080/sandbox/channels/sre')
    expect(check(sre, SIGNED, undefined).check.ok).toBe(true)
    expect(check(sre, unsigned, undefined).check.ok).toBe(false)
    expect(check({ ...sre, auth: 'entra' }, unsigned, undefined).check.ok).toBe(true)
    expect(check(sre, unsigned, undefined).check.ok).toBe(false)
    expect(check(sre, local, undefined).check.ok).toBe(false)
    expect(check(sre, local, 'http://127.0.0.1:8080').check).toMatchObject({ ok: true, sandbox: true })
    expect(check(sre, local, 'http://127.0.0.1:9090').check.ok).toBe(false)
  })
})
