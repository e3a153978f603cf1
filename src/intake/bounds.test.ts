import { describe, expect, it } from 'vitest'
import { CARD_DATA } from '../catalogue/card-data.ts'
import { withFields } from '../catalogue/data-fields.ts'
import { MAX_DATA_BYTES } from '../contract/limits.ts'
import type { JsonObject } from '../kernel/json.ts'
import { withCutTexts } from './bounds.ts'

const keep = (card: keyof typeof CARD_DATA, data: JsonObject) => withCutTexts({ schema: CARD_DATA[card] }, data)
const long = (units: number) => 'x'.repeat(units)

describe('withCutTexts', () => {
  it('cuts each text where its type says, with a mark, and leaves what is short alone', () => {
    const short = { task_name: long(1_000), task_id: 't', error: 'e' }
    expect(keep('celery_task_failure', short)).toBe(short)
    const kept = keep('celery_task_failure', {
      task_name: long(1_001),
      task_id: long(5_000),
      patient_id: long(5_000),
      error: long(40_000),
      traceback: `first\n${`${long(99)}\n`.repeat(5_000)}last`,
      own: [long(30_000)],
    })
    expect(kept).toMatchObject({ task_name: `${long(999)}…`, task_id: `${long(999)}…`, patient_id: `${long(999)}…` })
    expect(kept).toMatchObject({ error: `${long(19_999)}…`, own: [`${long(19_999)}…`] })
    expect(kept.traceback).toMatch(/^first\n[x\n]+\n…\n[x\n]+\nlast$/)
    expect(String(kept.traceback).length).toBeLessThanOrEqual(200_000)
  })

  it('cuts inside lists and labels, and leaves out long URLs', () => {
    const url = `https://grafana.example.sa/${long(2_000)}`
    const alert = { component: 'c', summary: 's', labels: { a: long(30_000), b: 9090 }, runbook_url: url }
    expect(keep('system_alert', alert)).toEqual({
      component: 'c',
      summary: 's',
      labels: { a: `${long(19_999)}…`, b: 9090 },
    })
    const services = [{ description: long(1_001), amount: long(1_001) }]
    expect(keep('nphies_claim_submission', { services })).toEqual({
      services: [{ description: `${long(999)}…`, amount: `${long(999)}…` }],
    })
  })

  it('applies the bounds of fields that the configuration file changes', () => {
    const schema = withFields(CARD_DATA.system_alert, { node: { phi: true }, runbook_url: { required: true }, own: {} })
    const data = { node: long(2_000), runbook_url: `https://x.sa/${long(2_000)}`, own: long(30_000) }
    expect(withCutTexts({ schema }, data)).toEqual({ node: `${long(999)}…`, own: `${long(19_999)}…` })
  })

  it('cuts all texts shorter where their sum is too large', () => {
    for (const text of ['x', 'م', '\u001b']) {
      const recommended_actions = Array.from({ length: 200 }, () => text.repeat(20_000))
      const kept = keep('vault_security_event', { node: 'n', recommended_actions })
      expect(kept.recommended_actions).toHaveLength(200)
      expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(MAX_DATA_BYTES)
    }
  })
})
