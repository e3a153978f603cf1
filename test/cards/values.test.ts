import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import type { Language } from '../../src/catalogue/language.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import { STAKEHOLDER_GROUPS } from '../../src/catalogue/stakeholder-groups.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { readable, textsOf } from './inspect.ts'
import { OPTIONS, requestFor } from './setup.ts'

const renderer = createRenderer(OPTIONS)
const alert = { component: 'c', summary: 's' }
const cardOf = (data: JsonObject, language: Language = 'en') =>
  renderer.render(requestFor('prometheus.alert.firing', language, { event: { data } })).card
const shown = (data: JsonObject, language?: Language) => readable(cardOf(data, language)).split('\n')

describe('numbers on cards', () => {
  it('groups digits of measured values, and not of labels', () => {
    const lines = shown({ ...alert, value: 9090, labels: { port: 9090, build: 1e21 } })
    expect(lines).toContain('9,090')
    expect(lines).toContain('9090')
    expect(lines).toContain('1e+21')
  })

  it('shows no other value as 0', () => {
    expect(shown({ ...alert, value: 4.2e-7 })).toContain('4.2e-7')
  })

  it('keeps digits beyond 2^53', () => {
    expect(shown({ ...alert, value: '12345678901234567890' })).toContain('12345678901234567890')
  })
})

it('shows amounts given as number or text in one form', () => {
  const amounts = { total_amount: 15_000, services: [{ description: 'd', amount: '15000 SAR' }] }
  const data = { claim_id: 'C', provider: 'p', payer: 'q', ...amounts }
  const card = (language: Language) =>
    readable(renderer.render(requestFor('nphies.claim.submitted', language, { event: { data } })).card).split('\n')
  expect(card('en').filter((line) => line.includes('15,000'))).toEqual(['SAR 15,000.00', 'SAR 15,000.00'])
  expect(card('ar').filter((line) => line.includes('15,000'))).toEqual(['15,000.00 ر.س', '15,000.00 ر.س'])
})

describe('names of groups', () => {
  const groups = (language: Language, config = {}) => {
    const catalogue = loadCatalogue({ language, budget: { requests: 60, period: 60, burst: 10 }, config })
    const stakeholders = [...catalogue.groups.keys()]
    const event = { data: alert, stakeholders }
    const { card } = createRenderer({ ...OPTIONS, catalogue }).render(
      requestFor('prometheus.alert.firing', language, { event }),
    )
    return readable(card)
  }

  it('are those of the catalogue in English', () => {
    const names = Object.values(STAKEHOLDER_GROUPS).map((group) => group.names[0])
    expect(groups('en')).toContain(names.join(', '))
  })

  it('are Arabic on Arabic cards', () => {
    const line = groups('ar')
      .split('\n')
      .find((one) => one.includes('مكتب الامتثال'))
    expect(line?.split('، ')).toHaveLength(Object.keys(STAKEHOLDER_GROUPS).length)
    expect(line).not.toMatch(/[A-Za-z]/)
  })

  it('are those of the configuration where it has any', () => {
    const config = {
      stakeholder_groups: { pmo: { names: ['Projects'] }, finance: { names: ['Money'], channels: ['pmo'] } },
    }
    expect(groups('ar', config)).toContain('Projects')
    expect(groups('ar', config)).toContain('Money')
    expect(groups('en', config)).not.toContain('PMO')
  })
})

it('shows a URL so that it can be copied whole', () => {
  const url = 'https://grafana.example.sa/d/abc?var-node=db-1&from=now-1h'
  const facts = textsOf(cardOf({ ...alert, node: url })).filter(({ text }) => text.includes('grafana.example.sa/d/abc'))
  expect(facts.map(({ text }) => text)).toEqual([url])
})
