import { expect, it } from 'vitest'
import { createAuthority } from './authority.ts'

const signal = new AbortController().signal

it('is no text without a file, and tls_failed for a file that can not be read', async () => {
  expect(await createAuthority(undefined)(signal)).toBeUndefined()
  await expect(createAuthority('/nowhere/ca.pem')(signal)).rejects.toMatchObject({ code: 'tls_failed' })
  await expect(createAuthority('/nowhere/ca.pem')(AbortSignal.abort())).rejects.toMatchObject({ code: 'tls_failed' })
})
