import type { Channel } from '../../catalogue/catalogue.ts'
import type { Secret } from '../../kernel/secret.ts'
import { type AddressCheck, type AddressOptions, checkAddress } from '../address.ts'

/** A webhook URL as a post needs it. */
export interface CheckedAddress {
  readonly check: AddressCheck
  /** Path and values of the query, as they stand and decoded: a receiver might give back the signature either way. */
  readonly parts: readonly string[]
}

/** Checks the addresses of channels. */
export type CheckAddresses = (
  channel: Pick<Channel, 'key' | 'auth'>,
  address: Secret,
  sandboxOrigin: string | undefined,
) => CheckedAddress

/** Checks each channel's address once, and again whenever it or what it is checked against is another. */
export function createAddressChecks({ extraSuffixes }: Pick<AddressOptions, 'extraSuffixes'>): CheckAddresses {
  const last = new Map<
    string,
    CheckedAddress & { readonly address: Secret; readonly auth: Channel['auth']; readonly sandbox: string | undefined }
  >()
  return ({ key, auth }, address, sandbox) => {
    const known = last.get(key)
    if (known?.address.equals(address) && known.auth === auth && known.sandbox === sandbox) return known
    const check = checkAddress(address.reveal(), { extraSuffixes, allowSandbox: sandbox, auth })
    const checked = { check, parts: check.ok ? partsOf(check.path) : [], address, auth, sandbox }
    last.set(key, checked)
    return checked
  }
}

function partsOf(path: string): string[] {
  const query = path.includes('?') ? path.slice(path.indexOf('?') + 1) : ''
  return [path, ...new URLSearchParams(query).values()]
}
