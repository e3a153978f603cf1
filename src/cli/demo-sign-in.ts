import { randomBytes } from 'node:crypto'
import { DEMO_CLIENT_ID } from '../gateway/demo.ts'
import type { GatewayOptions } from '../gateway/options.ts'
import type { EntraUser } from '../stand-ins/entra-sign-in.ts'

/** A sign-in for the demo, whose people are made up. */
export interface DemoSignIn {
  /** Settings with which a gateway uses it. */
  readonly settings: NonNullable<GatewayOptions['settings']>
  /** Tells it where the pages are, to which it sends people back. */
  attach(pagesOrigin: string): void
  close(): Promise<void>
}

const TENANT = '00000000-0000-4000-8000-0000000000aa'

/** People of the demo. The addresses are reserved for examples (RFC 2606). */
const PEOPLE: readonly EntraUser[] = [
  {
    id: '00000000-0000-4000-8000-000000000001',
    name: 'Sara Al-Harbi',
    username: 'sara@hospital.example',
    appRoles: ['Responder'],
  },
  {
    id: '00000000-0000-4000-8000-000000000002',
    name: 'عمر القحطاني',
    username: 'omar@hospital.example',
    appRoles: ['Responder', 'DutyManager'],
  },
]

/** Starts the stand-in for Entra, so that every button of the demo's cards works without a tenant. */
export async function startDemoSignIn(): Promise<DemoSignIn> {
  const { startEntraStandIn } = await import('../stand-ins/entra.ts')
  let pagesOrigin = ''
  const clientSecret = randomBytes(32).toString('hex')
  const entra = await startEntraStandIn({
    tenantId: TENANT,
    clientId: DEMO_CLIENT_ID,
    clientSecret,
    scope: 'https://graph.microsoft.com/.default',
    signIn: { redirectUris: () => [`${pagesOrigin}/auth/callback`], users: PEOPLE },
  })
  return {
    settings: {
      TEAMS_SIGN_IN_AUTHORITY: entra.authority,
      TEAMS_SIGN_IN_CLIENT_ID: DEMO_CLIENT_ID,
      TEAMS_SIGN_IN_CLIENT_SECRET: clientSecret,
      TEAMS_SIGN_IN_TENANTS: TENANT,
    },
    attach(origin) {
      pagesOrigin = origin
    },
    close: () => entra.close(),
  }
}
