import { expect, it } from 'vitest'
import { gatewayOf } from './gateway-names.ts'

const ENV = { CLAIMLINC_TEAMS_URL: 'http://gateway.example', CLAIMLINC_TEAMS_TOKEN: 'token-of-gateway' }

it('takes the address and the token of a gateway from the environment, and sends that token nowhere else', () => {
  expect(gatewayOf({}, {})).toEqual({})
  expect(gatewayOf({}, ENV)).toEqual({ url: ENV.CLAIMLINC_TEAMS_URL, token: ENV.CLAIMLINC_TEAMS_TOKEN })
  expect(gatewayOf({ token: 'other' }, ENV)).toEqual({ url: ENV.CLAIMLINC_TEAMS_URL, token: 'other' })
  expect(gatewayOf({ url: 'http://other.example' }, ENV)).toEqual({ url: 'http://other.example' })
  expect(gatewayOf({}, { CLAIMLINC_TEAMS_URL: ' ', CLAIMLINC_TEAMS_TOKEN: '' })).toEqual({})
})
