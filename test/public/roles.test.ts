import { expect, it } from 'vitest'
import { roleNames } from '../../src/app/serve-pages.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'

const GROUP = '22222222-0000-4000-8000-00000000000a'
const NONE = { groups: [], appRoles: [] }

it('gives a person the roles of the configuration that name one of their groups or app roles', () => {
  const catalogue = loadCatalogue({
    config: {
      roles: {
        on_call: { entra_groups: [GROUP.toUpperCase()], may: ['acknowledge'] },
        manager: { entra_app_roles: ['DutyManager'], may: ['discard'] },
        nobody: { may: ['poll'] },
      },
    },
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
  })
  expect(roleNames(catalogue, NONE)).toEqual([])
  expect(roleNames(catalogue, { ...NONE, groups: ['other', GROUP] })).toEqual(['on_call'])
  expect(roleNames(catalogue, { groups: [GROUP.toUpperCase()], appRoles: ['DutyManager', 'x'] })).toEqual([
    'on_call',
    'manager',
  ])
})
