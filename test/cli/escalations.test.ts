import { expect, it } from 'vitest'
import { startedStore } from '../services/stores.ts'
import { runCli, runJson } from './cli.ts'

const EXPLAIN = ['escalations', 'explain', '--event-type', 'nphies.claim.rejected', '--at', '2026-11-26T16:30:00+03:00']

it('escalations explain prints a timetable, in the time zone of the settings', async () => {
  const env = { TEAMS_ESCALATION: 'on' }
  const high = await runCli(EXPLAIN, { env })
  expect(high).toMatchObject({ code: 0, stderr: '' })
  expect(high.stdout).toContain('nphies.claim.rejected (HIGH) climbs by the policy high')
  expect(high.stdout).toMatch(/Thursday,? 26 November 2026 at 16:30 +1 +nphies_integration, compliance/)
  expect(high.stdout).toMatch(/Thursday,? 26 November 2026 at 17:00 +2 +nphies_integration/)
  const low = await runJson([...EXPLAIN, '--priority', 'low'], { env })
  expect(low.answer).toMatchObject({
    on: true,
    policy: 'low',
    steps: [{ tier: 1 }, { tier: 2, at: '2026-11-29T05:00:00.000Z', held_by: 'working_week' }],
  })
  const off = await runCli(EXPLAIN, { env: { TEAMS_ESCALATION: 'off' } })
  expect(off.code).toBe(1)
  expect(off.stderr).toContain('TEAMS_ESCALATION keeps events from climbing here')
  const wrong = await runCli(['escalations', 'explain', '--event-type', 'nphies.claim.rejectd'], { env })
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('perhaps nphies.claim.rejected')
  expect((await runCli([...EXPLAIN.slice(0, 4), '--at', 'tomorrow'], { env })).code).toBe(2)
})

it('escalations list says who is called next', async () => {
  const env = { ...(await startedStore('postgres')), TEAMS_ESCALATION: 'on' }
  expect((await runCli(['escalations', 'list'], { env })).stdout).toContain('No event climbs in ')
  await runCli(['send', '--event-type', 'vault.seal.detected', '--data', '{"node":"v"}', '--correlation-id', 'c-1'], {
    env,
  })
  const listed = await runCli(['escalations', 'list', '--priority', 'critical'], { env })
  expect(listed).toMatchObject({ code: 0, stderr: '' })
  expect(listed.stdout).toMatch(
    /tier 2 +nphies_integration +1 of 4 +climbing +critical +CRITICAL +vault\.seal\.detected +c-1/,
  )
  const { answer } = await runJson(['escalations', 'list', '--limit', '1'], { env })
  expect(answer).toMatchObject({
    escalations: [{ policy: 'critical', next: { what: 'tier', tier: 2 } }],
    next_cursor: null,
  })
  expect((await runCli(['escalations', 'list', '--state', 'open'], { env })).code).toBe(2)
})
