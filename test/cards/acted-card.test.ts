import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createActedCards, type ShownAction } from '../../src/cards/acted-card.ts'
import { parserProblems } from '../../src/cards/elements.ts'
import type { Language } from '../../src/catalogue/language.ts'
import { teamsBytes } from '../../src/contract/card-size.ts'
import type { JsonObject } from '../../src/kernel/json.ts'

const OPTIONS = { catalogue: { templatesDir: undefined }, timeZone: 'Asia/Riyadh', maxBytes: 28_000 }
const golden = (language: Language): JsonObject & { readonly actions: readonly JsonObject[] } =>
  JSON.parse(readFileSync(new URL(`../golden/vault.seal.detected.${language}.json`, import.meta.url), 'utf8'))
const en = golden('en')
const CARDS: Readonly<Record<Language, JsonObject>> = { en, ar: golden('ar') }
const at = new Date('2026-11-30T07:40:00Z')
const SARA: ShownAction = { action: 'acknowledge', by: 'Sara [x](https://evil.example)', unverified: true, at }
const OMAR: ShownAction = { action: 'escalate', by: 'عمر', unverified: false, at }

it.each([
  ['en', 'Acknowledged', 'Name not verified', 'Escalated', '30 Nov 2026, 10:40:00'],
  ['ar', 'تم الإقرار', 'اسم غير موثّق', 'تم التصعيد', '30 نوفمبر 2026'],
] as const)('says who did what below the head of the card, as plain text, in %s', (language, ...texts) => {
  const card = createActedCards(OPTIONS)(CARDS[language], language, [OMAR, SARA])
  const [head, banner, ...rest] = card.body as readonly JsonObject[]
  expect(head).toEqual((CARDS[language].body as readonly JsonObject[])[0])
  expect(rest).toEqual((CARDS[language].body as readonly JsonObject[]).slice(1))
  for (const text of [...texts, SARA.by, OMAR.by]) expect(JSON.stringify(banner)).toContain(text)
  expect(JSON.stringify(banner)).not.toContain('"TextBlock"')
  expect(banner?.rtl).toBe(language === 'ar' ? true : undefined)
  expect(parserProblems(card)).toEqual([])
})

it('leaves out the buttons that act, whose links hold no signature, and keeps those that lead elsewhere', () => {
  const card = createActedCards(OPTIONS)(en, 'en', [SARA])
  expect((card.actions as readonly JsonObject[]).map(({ title }) => title)).toEqual(['Runbook', 'Dashboard', 'Logs'])
  expect(JSON.stringify(card)).not.toContain('/act/')
  const onlyActing = { ...en, actions: en.actions.slice(0, 2) }
  expect(createActedCards(OPTIONS)(onlyActing, 'en', [])).not.toHaveProperty('actions')
})

it('says nothing of an action that was not done, and nothing that would make the card too large for Teams', () => {
  const bodyOf = (maxBytes: number, done: readonly ShownAction[]) =>
    createActedCards({ ...OPTIONS, maxBytes })(en, 'en', done).body
  expect(bodyOf(28_000, [])).toEqual(en.body)
  expect(bodyOf(28_000, [SARA])).not.toEqual(en.body)
  expect(bodyOf(teamsBytes({ ...en, actions: en.actions.slice(2) }), [SARA])).toEqual(en.body)
})
