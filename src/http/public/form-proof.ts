import { createHmac, timingSafeEqual } from 'node:crypto'
import type { LinkKey } from '../../contract/link-token.ts'
import { newId, timeOfId } from '../../kernel/ids.ts'

/** A form stays valid for this long after its page was fetched. */
const FORM_LIFETIME_MS = 3_600_000

/** What a form carries besides its inputs. */
export interface FormProof {
  /** Id of the action, made when the page was fetched: a form that is sent again names the same action. */
  readonly actionId: string
  /** Binds the form to the session of the browser and to the link. */
  readonly mac: string
}

/** Makes the proof of a form. */
export function proveForm(key: LinkKey, sessionId: string, token: string): FormProof {
  const actionId = newId()
  return { actionId, mac: macOf(key, sessionId, token, actionId) }
}

/** Checks the proof of a form against the session that it came with, and the link that it was sent to. */
export function checkForm(
  { actionId, mac }: FormProof,
  { key, sessionId, token, now }: { key: LinkKey; sessionId: string; token: string; now: Date },
): 'ok' | 'form_forged' | 'form_expired' {
  const madeAt = timeOfId(actionId)
  const given = Buffer.from(mac)
  const expected = Buffer.from(macOf(key, sessionId, token, actionId))
  const isOurs = expected.length === given.length && timingSafeEqual(expected, given)
  if (madeAt === undefined || !isOurs) return 'form_forged'
  return now.getTime() - madeAt.getTime() > FORM_LIFETIME_MS ? 'form_expired' : 'ok'
}

function macOf({ forms }: LinkKey, ...parts: readonly string[]): string {
  return createHmac('sha256', forms).update(JSON.stringify(parts)).digest('base64url')
}
