import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../settings/load.ts'
import { checkButtons } from './buttons.ts'

const PAGES = { TEAMS_PUBLIC_URL: 'https://actions.example.sa', TEAMS_PUBLIC_PORT: '8081' }
const SIGN_IN = {
  TEAMS_SIGN_IN_CLIENT_ID: 'app',
  TEAMS_SIGN_IN_CLIENT_SECRET: 'marked-secret',
  TEAMS_SIGN_IN_TENANTS: '0d5a6f0c-0000-4000-8000-000000000001',
}
const found = (env: Readonly<Record<string, string>>, hasSigningSecret = true) =>
  checkButtons(loadSettings(env), hasSigningSecret).map(({ check, status }) => `${check}: ${status}`)

describe('the buttons that doctor finds', () => {
  it.each([
    ['no address', {}, true, ['buttons: note']],
    ['an address, and no secret that outlasts a restart', PAGES, false, ['buttons: wrong']],
    [
      'an address and a secret of links',
      { ...PAGES, ...SIGN_IN, TEAMS_LINK_SECRETS: 'x'.repeat(32) },
      false,
      ['buttons: ok', 'sign-in: ok'],
    ],
    ['typed names', PAGES, true, ['buttons: ok', 'sign-in: note']],
    ['nobody who could act', { ...PAGES, TEAMS_TYPED_NAMES: 'off' }, true, ['buttons: ok', 'sign-in: wrong']],
    [
      'an address whose pages another process serves',
      { ...SIGN_IN, TEAMS_PUBLIC_URL: 'https://actions.example.sa' },
      true,
      ['buttons: note', 'sign-in: ok'],
    ],
  ])('with %s', (_, env, hasSigningSecret, expected) => {
    expect(found(env, hasSigningSecret)).toEqual(expected)
  })

  it('name no secret', () => {
    expect(JSON.stringify(checkButtons(loadSettings({ ...PAGES, ...SIGN_IN }), true))).not.toContain('marked-secret')
  })
})
