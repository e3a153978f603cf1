import { describe, expect, it } from 'vitest'
import { createRenderer } from '../../src/cards/renderer.ts'
import type { Language } from '../../src/catalogue/language.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { elementsOf } from './inspect.ts'
import { OPTIONS, requestFor } from './setup.ts'

const { actionLink: _, ...WITHOUT_PUBLIC_URL } = OPTIONS
const renderer = createRenderer(WITHOUT_PUBLIC_URL)
const linked = createRenderer({
  ...OPTIONS,
  actionLink: (action, request) => `https://gateway.example.sa/act/${action}/${request.event.id}`,
})
type Over = Parameters<typeof requestFor>[2]

function buttons(type: string, over: Over = {}, from = renderer, language: Language = 'en'): JsonObject[] {
  const { card } = from.render(requestFor(type, language, over))
  return elementsOf(card).filter((element) => String(element.type).startsWith('Action.'))
}
const titles = (type: string, over: Over = {}, from = renderer) => buttons(type, over, from).map(({ title }) => title)

describe('action buttons', () => {
  it('are left out on a webhook card without an action link', () => {
    expect(titles('vault.seal.detected')).toEqual(['Runbook', 'Dashboard', 'Logs'])
  })

  it('are Action.OpenUrl on a webhook card with an action link', () => {
    expect(buttons('vault.seal.detected', {}, linked)[0]).toEqual({
      type: 'Action.OpenUrl',
      title: 'Acknowledge',
      url: 'https://gateway.example.sa/act/acknowledge/01946a5f-6d68-7000-8000-000000000001',
    })
  })

  it('are Action.Execute inside an ActionSet on a bot card', () => {
    const { card } = renderer.render(requestFor('vault.seal.detected', 'en', { transport: 'bot' }))
    expect(card.actions).toBeUndefined()
    const [set] = elementsOf(card).filter(({ type }) => type === 'ActionSet')
    expect(elementsOf(set?.actions)[0]).toEqual({
      type: 'Action.Execute',
      title: 'Acknowledge',
      verb: 'acknowledge',
      data: {
        action: 'acknowledge',
        event_id: '01946a5f-6d68-7000-8000-000000000001',
        correlation_id: 'vault-seal-abc123',
        channel: 'security_eng',
      },
      fallback: 'drop',
    })
  })

  it.each([
    ['CRITICAL', true, true],
    ['HIGH', true, true],
    ['MEDIUM', true, false],
    ['LOW', true, false],
    ['INFO', false, false],
  ] as const)('on a %s card: acknowledge %s, escalate %s', (priority, acknowledge, escalate) => {
    const shown = titles('vault.seal.detected', { event: { priority } }, linked)
    expect(shown.includes('Acknowledge')).toBe(acknowledge)
    expect(shown.includes('Escalate')).toBe(escalate)
  })

  it('offer to acknowledge every claim, also one of priority INFO', () => {
    for (const type of ['nphies.claim.submitted', 'nphies.claim.approved', 'nphies.claim.rejected'])
      expect(titles(type, { event: { priority: 'INFO' } }, linked), type).toContain('Acknowledge')
    expect(titles('nphies.eligibility.success', {}, linked)).not.toContain('Acknowledge')
  })

  it('offer to retry or discard a task only once its retries are used up', () => {
    const task = (retry_count: number) => ({
      event: { data: { task_name: 'x', task_id: '1', error: 'e', retry_count, max_retries: 3 } },
    })
    expect(titles('celery.task.failed', task(2), linked)).not.toContain('Retry task')
    expect(titles('celery.task.failed', task(3), linked)).toEqual(
      expect.arrayContaining(['Retry task', 'Discard task']),
    )
    const unknown = { event: { data: { task_name: 'x', task_id: '1', error: 'e' } } }
    expect(titles('celery.task.failed', unknown, linked)).not.toContain('Discard task')
    expect(titles('celery.task.dlq', unknown, linked)).toContain('Discard task')
  })

  it('offer to retry a task that is over where its data have no counts, as those of a watched Celery', () => {
    const unknown = { event: { data: { task_name: 'x', task_id: '1', error: 'e', retry_count: 1 } } }
    for (const type of ['celery.task.failed', 'celery.task.timeout', 'celery.task.dlq'])
      expect(titles(type, unknown, linked), type).toContain('Retry task')
    expect(titles('celery.task.retry', unknown, linked)).not.toContain('Retry task')
  })

  it('offer to poll a submitted claim', () => {
    expect(titles('nphies.claim.submitted', {}, linked)).toContain('Poll now')
  })

  it('are in the language of the card', () => {
    expect(buttons('vault.seal.detected', {}, linked, 'ar')[0]?.title).toBe('تأكيد الاستلام')
  })

  it('are six at most, the rest in the menu', () => {
    const all = buttons('celery.task.dlq', {}, linked)
    expect(all).toHaveLength(8)
    expect(all.filter(({ mode }) => mode !== 'secondary')).toHaveLength(5)
  })
})

describe('link buttons', () => {
  const url = (type: string, title: string, over: Over = {}, from = renderer) =>
    buttons(type, over, from).find((button) => button.title === title)?.url

  it('open the URLs of settings and data', () => {
    expect(url('celery.task.failed', 'Task in Flower')).toBe(
      'https://flower.example.sa/task/3f0c1c4e-93a3-4c6f-a8f5-1d9a9e2b7c11',
    )
    expect(url('celery.task.failed', 'Dashboard')).toBe(
      'https://grafana.example.sa/d/claimlinc?var-event_type=celery.task.failed&var-correlation_id=corr-claim-xyz789',
    )
    expect(url('nphies.claim.rejected', 'Claim details')).toBe('https://claims.example.sa/claims/CLM-2025-001240')
    expect(url('nphies.claim.rejected', 'NPHIES portal')).toBe('https://portal.nphies.sa/')
    expect(url('nphies.claim.rejected', 'Rejection codes')).toBe('https://docs.nphies.sa/')
    expect(url('nphies.network.timeout', 'NPHIES status')).toBe('https://status.nphies.sa/')
    expect(url('nphies.network.timeout', 'Runbook')).toBe('https://runbooks.example.sa/nphies')
    expect(url('vault.audit.log.full', 'Runbook')).toBe('https://runbooks.example.sa/vault')
    expect(url('celery.task.failed', 'Runbook')).toBe('https://runbooks.example.sa/celery')
    const byId = { event: { data: { component: 'x', summary: 'y', dashboard_id: 'redis 1' } } }
    expect(url('redis.connection.lost', 'Dashboard', byId)).toMatch(
      /^https:\/\/grafana\.example\.sa\/d\/redis%201\?var-/,
    )
    expect(url('postgres.connection.exhausted', 'Runbook')).toBe('https://runbooks.example.sa/postgres/connections')
    expect(url('postgres.connection.exhausted', 'Dashboard')).toBe('https://grafana.example.sa/d/postgres')
  })

  it('are left out without an address', () => {
    const bare = createRenderer({ ...WITHOUT_PUBLIC_URL, links: {} })
    expect(titles('celery.task.failed', {}, bare)).toEqual([])
    expect(titles('postgres.connection.exhausted', {}, bare)).toEqual(['Runbook', 'Dashboard'])
  })

  it('percent-encode data in their URLs', () => {
    const odd = { event: { correlationId: 'a/../b?c=d&e #f \uD800' } }
    expect(url('celery.task.failed', 'Logs', odd)).toBe(
      'https://logs.example.sa/search?q=a%2F..%2Fb%3Fc%3Dd%26e%20%23f%20%EF%BF%BD',
    )
  })

  it.each(['javascript:alert(1)', 'https://teams.microsoft.com@evil.example/', 'ftp://x.y/', 'nonsense', '//x.y/'])(
    'do not open %s',
    (runbook_url) => {
      const data = { component: 'x', summary: 'y', runbook_url }
      expect(titles('rabbitmq.node.down', { event: { data } })).not.toContain('Runbook')
    },
  )

  it('never carry patient data', () => {
    for (const type of [
      'nphies.claim.submitted',
      'celery.task.failed',
      'nphies.api.error',
      'nphies.eligibility.denied',
    ]) {
      const data = {
        ...(requestFor(type, 'en').event.data as object),
        patient_id: 'PATIENT-MARK',
        member_id: 'MEMBER-MARK',
      }
      const urls = JSON.stringify(buttons(type, { event: { data }, transport: 'bot' }))
      expect(urls).not.toMatch(/PATIENT|MEMBER/)
    }
  })
})

describe('mentions', () => {
  const mentions = [
    { name: 'Sara Alharbi', id: 'sara@example.sa', priorities: ['CRITICAL', 'HIGH'] },
    { name: 'Sara Alharbi', id: 'sara.b@example.sa', priorities: ['CRITICAL'] },
    { name: 'PMO <at>all</at>', id: 'pmo@example.sa', priorities: ['INFO'] },
  ] as const

  it('name the people of that priority, each text exactly as in its entity', () => {
    const { card } = renderer.render(requestFor('vault.seal.detected', 'ar', { channel: { mentions } }))
    expect(card.msteams).toEqual({
      width: 'Full',
      entities: [
        { type: 'mention', text: '<at>Sara Alharbi</at>', mentioned: { id: 'sara@example.sa', name: 'Sara Alharbi' } },
        {
          type: 'mention',
          text: '<at>Sara Alharbi 2</at>',
          mentioned: { id: 'sara.b@example.sa', name: 'Sara Alharbi 2' },
        },
      ],
    })
    const texts = elementsOf(card).map(({ text }) => text)
    expect(texts).toContain('<at>Sara Alharbi</at> <at>Sara Alharbi 2</at>')
  })

  it('are not made from texts of the event', () => {
    const data = { node: '<at>Sara Alharbi</at>', impact: '<at>Sara Alharbi</at>' }
    const { card } = renderer.render(
      requestFor('vault.unseal.failed', 'en', { event: { data }, channel: { mentions } }),
    )
    const json = JSON.stringify(card.body)
    expect(json.split('<at>Sara Alharbi</at>')).toHaveLength(2)
  })

  it('are left out without configured people', () => {
    expect(renderer.render(requestFor('vault.seal.detected', 'en')).card.msteams).toEqual({ width: 'Full' })
  })
})
