import { EncryptJWT, jwtDecrypt } from 'jose'
import type { LinkKeys } from '../../contract/link-token.ts'

/** Cookies of the public listener: what they hold is sealed, so that the browser can neither read nor change it. */
export interface Cookies {
  /**
   * The value of a cookie in a `Cookie` header; undefined where it is missing, changed, expired, of another cookie, or sealed with
   * a key that is not used any more.
   */
  read(name: string, header: string | undefined, path?: string): Promise<unknown>
  /**
   * A `Set-Cookie` header with a sealed value. Kept by the browser until it is closed; one with a path, which is sent there alone,
   * for its lifetime.
   */
  write(name: string, value: unknown, lifetimeSeconds: number, path?: string): Promise<string>
  /** A `Set-Cookie` header that removes a cookie. */
  remove(name: string, path?: string): string
}

/** Options of {@link createCookies}. */
export interface CookieOptions {
  /** The first seals and opens: after a rotation of the secret, people sign in again. */
  readonly keys: LinkKeys
  /** True where people reach the listener by https. */
  readonly isSecure: () => boolean
  readonly now: () => Date
}

/** Makes the cookies. Sealed with A256GCM, the key by HKDF from the secret of links, so that all replicas read them. */
export function createCookies({ keys, isSecure, now }: CookieOptions): Cookies {
  // `__Host-`: no subdomain can set it, and no path narrows it. Browsers take it by https only, as they do `__Secure-`.
  const fullName = (name: string, path: string | undefined) =>
    `${isSecure() ? (path === undefined ? '__Host-' : '__Secure-') : ''}teams_${name}`
  // Lax: a link in Teams on the web leads here from another site, and so does the way back from Entra.
  const attributes = (path = '/') => `Path=${path}; HttpOnly; SameSite=Lax${isSecure() ? '; Secure' : ''}`
  return {
    async read(name, header, path) {
      const sealed = cookieValue(fullName(name, path), header)
      if (sealed === undefined) return undefined
      const [{ sealing }] = keys()
      try {
        const { payload } = await jwtDecrypt(sealed, sealing, {
          audience: name,
          currentDate: now(),
          requiredClaims: ['exp'],
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        })
        return payload.value
      } catch {
        // Sealed with another key, or not by this gateway.
        return undefined
      }
    },
    async write(name, value, lifetimeSeconds, path) {
      const [{ sealing }] = keys()
      const sealed = await new EncryptJWT({ value })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(name)
        .setExpirationTime(Math.floor(now().getTime() / 1000) + lifetimeSeconds)
        .encrypt(sealing)
      const kept = path === undefined ? '' : `Max-Age=${lifetimeSeconds}; `
      return `${fullName(name, path)}=${sealed}; ${kept}${attributes(path)}`
    },
    remove: (name, path) => `${fullName(name, path)}=; Max-Age=0; ${attributes(path)}`,
  }
}

function cookieValue(name: string, header = ''): string | undefined {
  for (const pair of header.split(';')) {
    const [key = '', ...value] = pair.split('=')
    if (key.trim() === name) return value.join('=').trim()
  }
  return undefined
}
