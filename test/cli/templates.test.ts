import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { eventToWire } from '../../src/contract/events.ts'
import { DEMO_EVENTS } from '../../src/gateway/demo.ts'
import { embeddedFolder } from '../services/database.ts'
import { PATIENT, runCli, runJson } from './cli.ts'

const [vault, claim] = DEMO_EVENTS
const json = (event: (typeof DEMO_EVENTS)[number], more: object = {}) =>
  JSON.stringify({ ...eventToWire(event), ...more })

/** A configuration with a template of one's own. */
function configured(template: object | string, title = 'Result of the laboratory'): string {
  const folder = embeddedFolder()
  mkdirSync(join(folder, 'cards/strings'), { recursive: true })
  for (const language of ['en', 'ar'])
    if (title !== '')
      writeFileSync(
        join(folder, `cards/strings/${language}.json`),
        JSON.stringify({ events: { 'lab.result': { title } } }),
      )
  writeFileSync(
    join(folder, 'cards/lab_result.json'),
    typeof template === 'string' ? template : JSON.stringify(template),
  )
  const type =
    'lab.result:\n    priority: high\n    stakeholders: [sre]\n    card: lab_result\n    data: { lab: { type: text } }'
  writeFileSync(join(folder, 'config.yaml'), `templates: cards\nevent_types:\n  ${type}\n`)
  return folder
}

/** An expression of Adaptive Card Templating. */
const show = (name: string) => `\${${name}}`

const card = (text: string) => ({
  type: 'AdaptiveCard',
  version: '1.5',
  fallbackText: show('event.title'),
  body: [{ type: 'TextBlock', text, wrap: true }],
})

describe('templates check', () => {
  it('exits with 0 for the built-in templates', async () => {
    const { code, answer, stderr } = await runJson(['templates', 'check'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(answer).toMatchObject({ ok: true, problems: [] })
    expect(answer.cards).toContain('vault_security_event')
  })

  it.each([
    ['a field that the type lacks', card(show('data.laboratory')), 'data.laboratory'],
    ['no JSON', '{"type": ', 'lab_result.json'],
  ])('exits with 1 for %s, with its place', async (_, template, words) => {
    const cwd = configured(template)
    const { code, stdout } = await runCli(['templates', 'check'], { cwd, env: { TEAMS_CONFIG_FILE: 'config.yaml' } })
    expect(code).toBe(1)
    expect(stdout).toContain(words)
    const { code: codeInJson, answer } = await runJson(['templates', 'check'], {
      cwd,
      env: { TEAMS_CONFIG_FILE: 'config.yaml' },
    })
    expect({ codeInJson, ok: answer.ok }).toEqual({ codeInJson: 1, ok: false })
    expect(JSON.stringify(answer.problems)).toContain(words)
  })

  it('exits with 0 for a valid template of the user', async () => {
    const cwd = configured(card(show('data.lab')))
    const { code, answer } = await runJson(['templates', 'check'], { cwd, env: { TEAMS_CONFIG_FILE: 'config.yaml' } })
    expect({ code, problems: answer.problems }).toEqual({ code: 0, problems: [] })
    expect(answer.cards).toContain('lab_result')
  })
})

describe('templates check of titles', () => {
  it('exits with 1 for an event type without one, with the place for it', async () => {
    const cwd = configured(card(show('data.lab')), '')
    const env = { TEAMS_CONFIG_FILE: 'config.yaml' }
    const { code, stdout } = await runCli(['templates', 'check'], { cwd, env })
    expect(code).toBe(1)
    expect(stdout).toContain('event type lab.result: found no title, so that its cards have this name for a heading')
    expect(stdout).toContain(`{"events": {"lab.result": {"title": "…", "meaning": "…"}}} in `)
    expect(stdout).toContain('cards/strings/en.json')
    // Its cards can be drawn all the same, so that nothing is wrong with the gateway.
    const { answer } = await runJson(['doctor'], { cwd, env })
    expect(answer.checks).toContainEqual(
      expect.objectContaining({ check: 'templates', status: 'note', detail: expect.stringContaining('lab.result') }),
    )
  })

  it('exits with 0 for the example', async () => {
    const example = fileURLToPath(new URL('../../examples/config.yaml', import.meta.url))
    expect(await runJson(['templates', 'check'], { env: { TEAMS_CONFIG_FILE: example } })).toMatchObject({
      code: 0,
      answer: { problems: [] },
    })
  })
})

describe('templates render', () => {
  it('prints the card of an event from stdin on stdout, and its size on stderr', async () => {
    const { code, stdout, stderr } = await runCli(['templates', 'render'], { stdin: json(vault) })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'AdaptiveCard',
      version: '1.5',
      fallbackText: expect.stringContaining('CRITICAL'),
    })
    expect(stdout).toContain('vault-node-2.prod.svc.cluster.local')
    expect(stderr).toMatch(/^vault_security_event for security_eng: \d+ bytes/)
  })

  it('takes the event from options, in a language and for a channel, by its key or its name', async () => {
    const { data, eventType } = vault
    const args = ['templates', 'render', '--event-type', eventType, '--data', JSON.stringify(data)]
    const { code, stdout, stderr } = await runCli([...args, '--language', 'ar', '--channel', '#pmo-updates'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ lang: 'ar' })
    expect(stdout).toMatch(/\p{Script=Arabic}/u)
    expect(stderr).toContain('for pmo')
  })

  it('masks patient data as delivery does', async () => {
    const { code, answer } = await runJson(['templates', 'render'], {
      stdin: json(claim, { data: { ...claim.data, patient_id: PATIENT } }),
    })
    expect(code).toBe(0)
    expect(JSON.stringify(answer)).toContain('P••••4321')
  })

  it.each([
    ['an unknown type', '{"event_type":"vault.sealed","data":{}}', 'invalid_event', 'event_type'],
    [
      'data of another type',
      `{"event_type":"vault.seal.detected","data":{"node":["${PATIENT}"]}}`,
      'invalid_event',
      'data.node',
    ],
    ['no JSON', `{"event_type": "${PATIENT}`, 'invalid_json', 'body'],
    ['several events', `[${json(vault)},${json(claim)}]`, 'invalid_request', 'stdin'],
  ])('refuses %s', async (_, stdin, problem, at) => {
    const { code, answer } = await runJson(['templates', 'render'], { stdin })
    expect({ code, problem: answer.code, at: answer.errors[0].at }).toEqual({ code: 2, problem, at })
  })

  it('prints the same as the golden files', async () => {
    const { code, answer } = await runJson(['templates', 'render', '--channel', 'sre'], {
      stdin: json(vault, { language: 'en' }),
    })
    const golden = JSON.parse(readFileSync(new URL('../golden/vault.seal.detected.en.json', import.meta.url), 'utf8'))
    expect({ code, fallbackText: answer.fallbackText }).toEqual({ code: 0, fallbackText: golden.fallbackText })
  })
})
