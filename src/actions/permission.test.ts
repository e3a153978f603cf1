import { describe, expect, it } from 'vitest'
import type { RoleDefinition } from '../catalogue/roles.ts'
import { ACTION_NAMES, ACTOR_WAYS, type Actor } from '../contract/actions.ts'
import { permissionFor } from './permission.ts'

const role = (overrides: Partial<RoleDefinition>): RoleDefinition => ({
  entraGroups: [],
  entraAppRoles: [],
  may: ['acknowledge'],
  ...overrides,
})
const actor = (overrides: Partial<Actor>): Actor => ({
  via: 'entra',
  id: 'x',
  name: 'X',
  verified: true,
  roles: [],
  relayedBy: null,
  ...overrides,
})
const CLAIM = { eventType: 'nphies.claim.rejected', stakeholders: ['nphies_integration', 'compliance'] }
const VAULT = { eventType: 'vault.seal.detected', stakeholders: ['sre'] }
const DIGEST = { eventType: 'gateway.digest', stakeholders: ['sre'] }
const none = { roles: new Map<string, RoleDefinition>() }
const roles = new Map([
  ['desk', role({ may: ['acknowledge', 'discard'], eventTypes: ['nphies.*'] })],
  ['sre', role({ may: ['discard'], stakeholders: ['sre'] })],
])
const may = (of: Partial<Actor>, action: (typeof ACTION_NAMES)[number], events = [CLAIM], catalogue = { roles }) =>
  permissionFor(catalogue, actor(of), action, events)

describe('a permission', () => {
  it("without roles is every verified person's, and a typed name's to acknowledge", () => {
    for (const action of ACTION_NAMES) {
      expect(may({}, action, [CLAIM], none).permitted).toBe(true)
      expect(may({ via: 'typed', verified: false }, action, [CLAIM], none).permitted).toBe(action === 'acknowledge')
    }
  })

  it('of programs comes from their credential, of pagers from what they can report', () => {
    const permitted = ACTOR_WAYS.filter((via) => may({ via, verified: false }, 'discard').permitted)
    expect(permitted).toEqual(['token', 'signature', 'command_line', 'library', 'gateway', 'unauthenticated'])
    expect(may({ via: 'pagerduty' }, 'acknowledge').permitted).toBe(true)
    expect(may({ via: 'opsgenie' }, 'escalate').permitted).toBe(false)
  })

  it('of a person is that of a role that reaches the event', () => {
    expect(may({ roles: ['desk'] }, 'discard').permitted).toBe(true)
    expect(may({ roles: ['desk'] }, 'restore')).toEqual({ permitted: false, code: 'not_permitted', ask: [] })
    expect(may({ roles: ['sre'] }, 'discard')).toEqual({ permitted: false, code: 'not_permitted', ask: ['desk'] })
    expect(may({ roles: ['gone'] }, 'discard').permitted).toBe(false)
    expect(may({ roles: ['sre'] }, 'discard', [VAULT]).permitted).toBe(true)
  })

  it('for several events is needed for each, and for a digest for its members', () => {
    expect(may({ roles: ['desk'] }, 'discard', [DIGEST, CLAIM]).permitted).toBe(true)
    expect(may({ roles: ['desk'] }, 'discard', [DIGEST, CLAIM, VAULT]).permitted).toBe(false)
    expect(may({ roles: ['desk', 'sre'] }, 'discard', [DIGEST, CLAIM, VAULT]).permitted).toBe(true)
  })

  it("is no one's without a verified identity, whatever roles it claims", () => {
    expect(may({ roles: ['desk'], verified: false }, 'discard')).toMatchObject({ code: 'not_verified', ask: ['desk'] })
  })
})
