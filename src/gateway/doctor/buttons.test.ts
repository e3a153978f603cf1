import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../settings/load.ts'
import { checkButtons } from './buttons.ts'

const PAGES = {
  TEAMS_PUBLIC_URL: 'https://actions.example.sa',
  TEAMS_PUBLIC_PORT: '8081',
  TEAMS_LINK_SECRETS: 'another-marked-secret-0123456789abc',
}
const SIGN_IN = {
  TEAMS_SIGN_IN_CLIENT_ID: 'app',
  TEAMS_SIGN_IN_CLIENT_SECRET: 'marked-secret',
  TEAMS_SIGN_IN_TENANTS: '0d5a6f0c-0000-4000-8000-000000000001',
}
const found = (env: Readonly<Record<string, string>>) =>
  checkButtons(loadSettings(env)).map(({ check, status }) => `${check}: ${status}`)

describe('the buttons that doctor finds', () => {
  it.each([
    ['no address', {}, ['buttons: note']],
    ['an address and a sign-in', { ...PAGES, ...SIGN_IN }, ['buttons: ok', 'sign-in: ok']],
    ['typed names', PAGES, ['buttons: ok', 'sign-in: note']],
    ['nobody who could act', { ...PAGES, TEAMS_TYPED_NAMES: 'off' }, ['buttons: ok', 'sign-in: wrong']],
    [
      'an address whose pages another process serves',
      { ...SIGN_IN, TEAMS_PUBLIC_URL: PAGES.TEAMS_PUBLIC_URL, TEAMS_LINK_SECRETS: PAGES.TEAMS_LINK_SECRETS },
      ['buttons: note', 'sign-in: ok'],
    ],
  ])('with %s', (_, env, expected) => {
    expect(found(env)).toEqual(expected)
  })

  it('name no secret', () => {
    expect(JSON.stringify(checkButtons(loadSettings({ ...PAGES, ...SIGN_IN })))).not.toContain('marked-secret')
  })
})
