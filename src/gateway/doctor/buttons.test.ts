import { describe, expect, it } from 'vitest'
import { checkButtons } from './buttons.ts'
import { checkSettings } from './settings.ts'

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
function checkSettingsOf(given: Readonly<Record<string, string>>) {
  const { settings, refused } = checkSettings(given)
  return checkButtons(settings, refused)
}
const found = (env: Readonly<Record<string, string>>) =>
  checkSettingsOf(env).map(({ check, status }) => `${check}: ${status}`)

describe('the buttons that doctor finds', () => {
  it.each([
    ['no address', {}, ['buttons: note']],
    ['an address and a sign-in', { ...PAGES, ...SIGN_IN }, ['buttons: ok', 'sign-in: ok']],
    ['typed names', PAGES, ['buttons: ok', 'sign-in: note']],
    ['nobody who could act', { ...PAGES, TEAMS_TYPED_NAMES: 'off' }, ['buttons: ok', 'sign-in: wrong']],
    [
      'the id of the client secret in place of its value',
      { ...PAGES, ...SIGN_IN, TEAMS_SIGN_IN_CLIENT_SECRET: '0d5a6f0c-0000-4000-8000-000000000002' },
      ['buttons: ok', 'sign-in: note'],
    ],
    [
      'an address whose pages another process serves',
      { ...SIGN_IN, TEAMS_PUBLIC_URL: PAGES.TEAMS_PUBLIC_URL, TEAMS_LINK_SECRETS: PAGES.TEAMS_LINK_SECRETS },
      ['buttons: note', 'sign-in: ok'],
    ],
  ])('with %s', (_, env, expected) => {
    expect(found(env)).toEqual(expected)
  })

  it.each([
    ['an address without a secret', { TEAMS_PUBLIC_URL: PAGES.TEAMS_PUBLIC_URL }],
    ['a secret that is too short', { ...PAGES, TEAMS_LINK_SECRETS: 'short' }],
    ['a port that is no number', { ...PAGES, ...SIGN_IN, TEAMS_PUBLIC_PORT: '808l' }],
    ['a client id alone', { ...PAGES, TEAMS_SIGN_IN_CLIENT_ID: 'app' }],
  ])('do not call unset what was refused: %s', (_, env) => {
    const text = JSON.stringify(checkSettingsOf(env))
    expect(text).toContain('refused, see above')
    expect(text).not.toMatch(/not set|Set TEAMS_/)
  })

  it('name no secret', () => {
    expect(JSON.stringify(checkSettingsOf({ ...PAGES, ...SIGN_IN }))).not.toContain('marked-secret')
  })
})
