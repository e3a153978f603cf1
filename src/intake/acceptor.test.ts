import { expect, it } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import { systemClock } from '../kernel/clock.ts'
import { createAcceptor } from './acceptor.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })

const acceptor = createAcceptor({
  catalogue,
  phiPolicy: 'mask',
  keyTtl: 60,
  repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
  clock: systemClock,
  wake: async () => {},
})

it.each(['\n', '\r', '\u0000', '\u001b[31m', '\u0085', '\u2028', '\u2029'])(
  'refuses an id with %j, which could forge a log line',
  (end) => {
    const id = `a${end}{"level":"error"}`
    const event = { eventType: 'vault.seal.detected', data: { node: 'n' } }
    expect(() => acceptor.check([{ ...event, correlationId: id }])).toThrow(/correlationId: found text/)
    expect(() => acceptor.check([{ ...event, idempotencyKey: id }])).toThrow(/idempotencyKey: found text/)
  },
)

it.each(['drop', 'refuse'] as const)(
  'takes of a source what its fields take, with %s for undeclared fields',
  (undeclaredData) => {
    const { check } = createAcceptor({
      catalogue,
      undeclaredData,
      phiPolicy: 'mask',
      keyTtl: 60,
      repeats: { window: 300, acknowledged: { CRITICAL: 1, HIGH: 1, MEDIUM: 1 } },
      clock: systemClock,
      wake: async () => {},
    })
    const needed = { task_name: 'a', task_id: 'b', error: 'c' }
    const event = {
      eventType: 'celery.task.failed',
      data: { ...needed, payer: 7, queue: [], retry_count: 'x', attempts: 1 },
    } as const
    expect(check([event], { bySource: true })[0]?.data).toEqual({ ...needed, payer: '7' })
    expect(() => check([event])).toThrow('payer')
    const incomplete = { ...event, data: { ...event.data, error: {} } }
    expect(() => check([incomplete], { bySource: true })).toThrow('error')
  },
)

it('searches what it keeps of a CDEvent for the values of fields that it does not keep', async () => {
  const subject = { id: 'api', content: { outcome: 'failure', errors: 'Row ZX12345678 failed.' } }
  const event = {
    eventType: 'dev.cdevents.deployment.finished.0.2.0',
    data: { subject, customData: { patient_id: 'ZX12345678' } },
  } as const
  const [safe] = await acceptor.protect(acceptor.check([event]))
  expect(safe?.definition.name).toBe('deployment.failed')
  expect(safe?.stored.data).toMatchObject({ component: 'api', message: expect.stringContaining('Row ') })
  expect(JSON.stringify(safe?.stored)).not.toContain('12345678')
})

/** How often others had a turn while something was done. */
async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let over = false
  const count = () => {
    turns += 1
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  await run()
  over = true
  return turns
}

it('yields to the event loop while it searches for patient data, also within one event', async () => {
  const data = { payer: 'p', status: 's', patient_id: 'P123456789', reason: 'مَ'.repeat(100_000) }
  const checked = acceptor.check([{ eventType: 'nphies.eligibility.denied', data }])
  expect(checked).toHaveLength(1)
  const [event] = checked
  expect(await turnsDuring(() => acceptor.protect(Array(30).fill(event)))).toBeGreaterThanOrEqual(5)
})

it('is not slowed down by characters that fold to whole phrases', async () => {
  // U+FDFA is eighteen letters once it is taken apart: a request of 5 MB took 8 seconds.
  const request = (reason: string) =>
    acceptor.check(
      Array.from({ length: 10 }, () => ({
        eventType: 'nphies.eligibility.denied',
        data: { payer: 'p', status: 's', patient_id: 'P123456789', reason },
      })),
    )
  const time = async (checked: ReturnType<typeof request>) => {
    const started = process.cpuUsage()
    await acceptor.protect(checked)
    return process.cpuUsage(started).user / 1000
  }
  await time(request('\uFDFA'.repeat(50_000)))
  const plain = await time(request('م'.repeat(170_000)))
  const phrases = await time(request('\uFDFA'.repeat(170_000)))
  expect(phrases).toBeLessThan(plain * 3 + 500)
})
