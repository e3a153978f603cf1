import { describe, expect, it } from 'vitest'
import { linkKeyOf } from '../contract/link-token.ts'
import { Secret } from '../kernel/secret.ts'
import { createLinkKeys } from './link-keys.ts'

const SIGNING = 'the-signing-secret-of-posts-012345'

describe('the keys of links', () => {
  it('are those of TEAMS_LINK_SECRETS, the first one first', () => {
    const secrets = ['first-secret-of-links-0123456789ab', 'second-secret-of-links-0123456789a']
    expect(createLinkKeys({ TEAMS_LINK_SECRETS: secrets })()).toEqual(
      secrets.map((secret) => linkKeyOf(new Secret(secret))),
    )
  })

  it('are made up without that setting, whatever secret signs posts', () => {
    const settings = { TEAMS_LINK_SECRETS: undefined, TEAMS_HMAC_SECRET_KEY: SIGNING }
    const [one] = createLinkKeys(settings)()
    const [other] = createLinkKeys(settings)()
    expect(one.signing).not.toEqual(other.signing)
    expect(one).not.toEqual(linkKeyOf(new Secret(SIGNING)))
    const keys = createLinkKeys(settings)
    expect(keys()).toBe(keys())
  })
})
