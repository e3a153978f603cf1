import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Cookies } from './cookies.ts'

/** A person who signed in. */
export interface Person {
  /** Object id in Entra. */
  readonly id: string
  readonly tenantId: string
  readonly name: string
  /** Names of the configuration's roles that the person had at sign-in. */
  readonly roles: readonly string[]
}

/** The session of a browser: with a person after sign-in. */
export interface Session {
  readonly id: string
  readonly person?: Person | undefined
}

const person = z.object({ id: z.string(), tenantId: z.string(), name: z.string(), roles: z.array(z.string()) })
const sessionSchema = z.object({ id: z.string().min(1), person: person.optional() })

/** A browser without a person keeps its session for a day: it only binds forms. */
const ANONYMOUS_SECONDS = 86_400

/** Makes the id of a new session. A new one at every sign-in: an id from before must not become that of a person. */
export function newSession(signedIn?: Person): Session {
  return { id: randomBytes(16).toString('base64url'), ...(signedIn ? { person: signedIn } : {}) }
}

/**
 * Reads the session of a request; undefined where it has none, and where its person's tenant may not sign in any more.
 *
 * @param tenants whose people may sign in; empty without a sign-in
 */
export async function readSession(
  cookies: Cookies,
  header: string | undefined,
  tenants: readonly { readonly id: string }[],
): Promise<Session | undefined> {
  const session = sessionSchema.safeParse(await cookies.read('session', header)).data
  const tenantId = session?.person?.tenantId
  return tenantId === undefined || tenants.some(({ id }) => id === tenantId) ? session : undefined
}

/** The `Set-Cookie` header of a session. */
export function writeSession(cookies: Cookies, session: Session, signedInHours: number): Promise<string> {
  return cookies.write('session', session, session.person ? signedInHours * 3600 : ANONYMOUS_SECONDS)
}
