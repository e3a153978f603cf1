import { expect, it } from 'vitest'
import { absentOf, replicasOf } from './conditions.ts'

const lag = { finding: 'lag', subject: '10.0.0.1:6379', since: '2026-11-30T10:00:00.000Z', open: true }
const info = (state: string, role = 'master') =>
  new Map([
    ['role', role],
    ['master_repl_offset', '100'],
    ['slave0', `ip=10.0.0.1,port=6379,state=${state},offset=100,lag=0`],
  ])

it('does not tell whether a replica has caught up that is gone, or copies everything anew', () => {
  expect(absentOf(info('online'))(lag)).toBe(false)
  expect(absentOf(info('wait_bgsave'))(lag)).toBe(true)
  expect(absentOf(new Map([['role', 'master']]))(lag)).toBe(true)
  // After a failover it is a replica itself.
  expect(absentOf(new Map([['role', 'slave']]))(lag)).toBe(false)
  expect(absentOf(info('wait_bgsave'))({ ...lag, finding: 'replicas', subject: '' })).toBe(false)
})

it('takes no lag from figures that are none', () => {
  for (const figure of ['1e999', '-1e999', 'NaN', 'x']) {
    const replica = `ip=a,port=1,state=online,offset=${figure},lag=${figure}`
    for (const end of [figure, '100'])
      expect(
        replicasOf(
          new Map([
            ['master_repl_offset', end],
            ['slave0', replica],
          ]),
        ),
      ).toEqual([{ name: 'a:1', online: true, bytes: 0, seconds: 0 }])
  }
})
