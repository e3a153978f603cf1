import type { Channel } from '../../catalogue/catalogue.ts'
import type { Secret } from '../../kernel/secret.ts'
import { type AddressCheck, type AddressOptions, checkAddress, redactAddress } from '../address.ts'
import type { Destination, ReadyDestination } from '../transport.ts'

/** A checked webhook URL, and its parts that an answer might repeat. */
export interface CheckedAddress {
  readonly check: AddressCheck
  /** Path with query, and the query's decoded values: a receiver might repeat the signature in either form. */
  readonly parts: readonly string[]
}

/** Checks the address of a channel. */
export type CheckAddresses = (
  channel: Pick<Channel, 'key' | 'auth'>,
  address: Secret,
  sandboxOrigin: string | undefined,
) => CheckedAddress

/** Caches `checkAddress` per channel, until its address, its `auth` or the sandbox's origin changes. */
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

/** Makes destinations from webhook URLs. Caches each, so that an address is redacted once and not for every post. */
export function createDestinations(
  webhook: (channelKey: string) => Secret | undefined,
): (channel: Pick<Channel, 'key'>) => Destination {
  const known = new WeakMap<Secret, ReadyDestination>()
  return ({ key }) => {
    const address = webhook(key)
    if (!address) return { ready: false, reason: 'address_missing' }
    const destination = known.get(address) ?? destinationAt(address)
    known.set(address, destination)
    return destination
  }
}

/** The destination of a webhook URL. */
export function destinationAt(address: Secret): ReadyDestination {
  return { ready: true, address, recordedAddress: redactAddress(address.reveal()) }
}

function partsOf(path: string): string[] {
  const query = path.includes('?') ? path.slice(path.indexOf('?') + 1) : ''
  return [path, ...new URLSearchParams(query).values()]
}
