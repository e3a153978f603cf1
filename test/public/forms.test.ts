import { describe, expect, it } from 'vitest'
import { ACTION_LIMITS } from '../../src/contract/limits.ts'
import { readInputs } from '../../src/http/public/form-inputs.ts'
import { startListener, tokenFor } from './listener.ts'
import { TIERS } from './memory-acting.ts'

const INPUTS = { reason: 'required', note: 'optional', tier: 'none', quietFor: 'optional' } as const

/** The page of an action in a language, as the listener's service describes it. */
async function pageOf(
  { origin, service }: Awaited<ReturnType<typeof startListener>>,
  action: 'acknowledge' | 'escalate' | 'discard',
  language: 'en' | 'ar' = 'en',
): Promise<string> {
  return (await fetch(`${origin}/act/${tokenFor(service, action)}?lang=${language}`)).text()
}

describe('the form of an action', () => {
  it('takes as many characters as the action does, and says of each field what it is for', async () => {
    const on = await startListener()
    on.service.page = { possible: true, result: null, inputs: INPUTS }
    const page = await pageOf(on, 'acknowledge')
    const limits = [...page.matchAll(/<textarea id="(\w+)"[^>]* maxlength="(\d+)"/g)].map(([, ...found]) => found)
    expect(limits).toEqual([
      ['reason', String(ACTION_LIMITS.reason)],
      ['note', String(ACTION_LIMITS.note)],
    ])
    expect(page).toContain('Why you do this: shown on the card in Teams.')
    expect(page).toContain('shown on this page, not on the card.')
  })

  it('passes on a time of quiet that is not in its list, so that it is refused', () => {
    const quietFor = (text: string) => readInputs(new URLSearchParams({ quiet_for: text })).inputs.quietFor
    expect(['banana', '-3', '1.5', '0', '3600'].map(quietFor)).toEqual([-1, -1, -1, undefined, 3_600])
  })

  it.each([
    ['en', 'The acknowledgement stays, but the timer starts again'],
    ['ar', 'لكن المؤقّت يبدأ من جديد'],
  ] as const)(
    'says that an escalation starts the timer of an acknowledged event again, in %s',
    async (language, said) => {
      const on = await startListener()
      on.service.page = { possible: true, result: null, tiers: TIERS }
      expect(await pageOf(on, 'escalate', language)).not.toContain(said)
      on.service.page = { ...on.service.page, acknowledged: { by: 'Omar', at: new Date(), until: null } }
      expect(await pageOf(on, 'escalate', language)).toContain(said)
    },
  )
})

describe('an action that needs two people', () => {
  const data = { by: 'Omar', at: '2026-11-30T08:00:00.000Z', tier: null, quiet_for: 3_600 }

  it.each([
    ['en', 'asked for this at', 'Keep repeats quiet for 1 hour'],
    ['ar', 'طلب', 'كتم التكرارات لمدة ساعة واحدة'],
  ] as const)('has the choices of the first person in the form of the second, in %s', async (language, who, quiet) => {
    const on = await startListener()
    on.service.page = { possible: true, result: 'second_person_needed', data, inputs: INPUTS }
    const page = await pageOf(on, 'discard', language)
    expect(page).toContain('<option value="3600" selected>')
    expect(page.match(/ selected/g)).toHaveLength(1)
    expect(page).toContain('\u2068Omar\u2069')
    expect(page).toContain(who)
    expect(page).toContain(quiet)
  })

  it('has no form for the person who asked', async () => {
    const on = await startListener()
    on.service.page = { possible: false, result: 'same_person', data }
    const page = await pageOf(on, 'discard')
    expect(page).toContain('Another person has to confirm it')
    expect(page).not.toContain('name="do" value="act"')
  })
})
