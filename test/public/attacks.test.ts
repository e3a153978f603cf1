import { describe, expect, it } from 'vitest'
import { linkKeyOf } from '../../src/contract/link-token.ts'
import { createCookies } from '../../src/http/public/cookies.ts'
import { proveForm } from '../../src/http/public/forms.ts'
import { newSession } from '../../src/http/public/session.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createBrowser, KEY, startListener, tokenFor } from './listener.ts'

describe('a forged session', () => {
  it('that the holder of a previous secret of links made opens nothing', async () => {
    const next = linkKeyOf(new Secret('the-next-secret-of-links-0123456789'))
    const { origin, service } = await startListener({ keys: () => [next, KEY] })
    const session = newSession({ id: 'oid', tenantId: 'x', name: 'Dr Victim', roles: ['leads'] })
    const cookies = createCookies({ keys: () => [KEY], isSecure: () => false, now: () => new Date() })
    const cookie = (await cookies.write('session', session, 3600)).split(';')[0] ?? ''
    const token = tokenFor(service, 'discard')
    const { actionId, mac } = proveForm(KEY, session.id, token)
    const form = new URLSearchParams({ action_id: actionId, proof: mac, reason: 'x', do: 'act' })
    const response = await createBrowser(origin).post(`/act/${token}`, form, { cookie })
    expect(response.status).toBe(403)
    expect(service.calls).toEqual([])
  })
})
