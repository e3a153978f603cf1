import { describe, expect, it, onTestFinished } from 'vitest'
import { loadSettings } from '../../settings/load.ts'
import { startEntraStandIn } from '../../stand-ins/entra.ts'
import { checkTenants } from './tenants.ts'

const TENANT = '0d5a6f0c-0000-4000-8000-000000000001'
const OTHER = '0d5a6f0c-0000-4000-8000-000000000002'
const settingsWith = (authority: string, tenants: string) =>
  loadSettings({
    TEAMS_PUBLIC_URL: 'https://actions.example.sa',
    TEAMS_LINK_SECRETS: 'another-marked-secret-0123456789abc',
    TEAMS_SIGN_IN_CLIENT_ID: 'app',
    TEAMS_SIGN_IN_CLIENT_SECRET: 'marked-secret',
    TEAMS_SIGN_IN_TENANTS: tenants,
    TEAMS_SIGN_IN_AUTHORITY: authority,
  })

async function startEntra() {
  const entra = await startEntraStandIn({
    tenantId: TENANT,
    clientId: 'app',
    clientSecret: 'marked-secret',
    scope: 'https://graph.microsoft.com/.default',
    signIn: { redirectUris: [], users: [] },
  })
  onTestFinished(() => entra.close())
  return entra
}

describe('the tenants that doctor asks Entra for', () => {
  it('are known, or the tenant id is wrong', async () => {
    const { authority } = await startEntra()
    const findings = await checkTenants(settingsWith(authority, `hospital:${TENANT},${OTHER}`))
    expect(findings.map(({ check, status }) => `${check}: ${status}`)).toEqual([
      'tenant hospital: ok',
      `tenant ${OTHER}: wrong`,
    ])
  })

  it('are not reached where nothing listens', async () => {
    const entra = await startEntra()
    await entra.close()
    const [finding] = await checkTenants(settingsWith(entra.authority, TENANT))
    expect(finding).toMatchObject({ status: 'wrong', detail: expect.stringContaining('ECONNREFUSED') })
  })

  it('are not asked for without a sign-in', async () => {
    expect(await checkTenants(loadSettings({}))).toEqual([])
  })
})
