import { z } from 'zod'
import { LANGUAGES } from '../../catalogue/language.ts'
import type { Cookies } from './cookies.ts'
import { CALLBACK_PATH, type SignInFlow } from './sign-in.ts'

/** A sign-in takes no longer. */
export const SIGN_IN_SECONDS = 600

/** People start several sign-ins, in tabs beside each other. With more the oldest is forgotten, as a `Cookie` header has a limit. */
const SLOTS = 4
const SLOT_COOKIE = 'sign_in_slot'
const SLOT_PATH = '/act'

const slotSchema = z
  .int()
  .min(0)
  .max(SLOTS - 1)
const flowSchema = z.object({
  state: z.string().min(1),
  nonce: z.string().min(1),
  verifier: z.string().min(1),
  tenantId: z.string(),
  token: z.string(),
  language: z.enum(LANGUAGES),
})

/** A sign-in that a browser began. */
export interface BegunSignIn {
  readonly flow: z.output<typeof flowSchema>
  /** The `Set-Cookie` header that removes it. */
  readonly removal: string
}

/** The `Set-Cookie` headers with which a browser keeps a sign-in until its end, only sent there. */
export async function keepFlow(
  cookies: Cookies,
  header: string | undefined,
  flow: SignInFlow,
): Promise<readonly string[]> {
  const last = slotSchema.safeParse(await cookies.read(SLOT_COOKIE, header, SLOT_PATH)).data ?? -1
  const slot = (last + 1) % SLOTS
  return [
    await cookies.write(nameOf(slot), flow, SIGN_IN_SECONDS, CALLBACK_PATH),
    await cookies.write(SLOT_COOKIE, slot, SIGN_IN_SECONDS, SLOT_PATH),
  ]
}

/** The sign-in of a state; undefined where this browser began none, or it took too long. */
export async function findFlow(
  cookies: Cookies,
  header: string | undefined,
  state: string,
): Promise<BegunSignIn | undefined> {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const flow = flowSchema.safeParse(await cookies.read(nameOf(slot), header, CALLBACK_PATH)).data
    if (flow?.state === state) return { flow, removal: cookies.remove(nameOf(slot), CALLBACK_PATH) }
  }
  return undefined
}

function nameOf(slot: number): string {
  return `sign_in_${slot}`
}
