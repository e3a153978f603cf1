import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { LANGUAGES } from '../../src/catalogue/language.ts'
import { OPTIONS, requestFor, TYPES } from './setup.ts'

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url))
const update = process.env.UPDATE_GOLDEN === '1'

describe('the card of every built-in event type, in both languages', () => {
  const renderer = createRenderer(OPTIONS)
  if (update) mkdirSync(GOLDEN, { recursive: true })

  it('has a sample for each type of the catalogue', () => {
    expect([...TYPES].sort()).toEqual(Object.keys(EVENT_TYPES).sort())
  })

  for (const type of TYPES) {
    for (const language of LANGUAGES) {
      it(`${type} in ${language} equals its golden file`, () => {
        const file = `${GOLDEN}${type}.${language}.json`
        const { card, shrunk } = renderer.render(requestFor(type, language))
        const json = `${JSON.stringify(card, null, 2)}\n`
        expect(shrunk).toBe('whole')
        if (update) writeFileSync(file, json)
        expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true)
        expect(json).toBe(readFileSync(file, 'utf8'))
      })
    }
  }

  it('has no golden file of a removed type', () => {
    const expected = TYPES.flatMap((type) => LANGUAGES.map((language) => `${type}.${language}.json`))
    expect(readdirSync(GOLDEN).sort()).toEqual(expected.sort())
  })
})
