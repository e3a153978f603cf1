import { describe, expect, it } from 'vitest'
import { usableSettings } from '../settings/load.ts'
import { catalogueOf, loadCatalogue } from './load.ts'

const load = (config: Parameters<typeof loadCatalogue>[0]['config']) =>
  loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 }, config })

const GROUP = '7D9C7E0A-0C1C-4F1E-9D1B-0F7D3C1F0A11'

describe('roles of the configuration', () => {
  it('name groups by key, event types without aliases, and Entra groups in lower case', () => {
    const { roles, twoPerson } = load({
      roles: {
        'Claims desk': {
          may: ['acknowledge', 'acknowledge', 'discard'],
          entra_groups: [GROUP],
          entra_app_roles: ['claims'],
          stakeholders: ['Integration Team'],
          event_types: ['nphies.*', 'celery.task.failure'],
        },
        everybody: { may: ['acknowledge'] },
      },
      two_person: ['discard'],
    })
    expect([...roles]).toEqual([
      [
        'Claims desk',
        {
          entraGroups: [GROUP.toLowerCase()],
          entraAppRoles: ['claims'],
          may: ['acknowledge', 'discard'],
          stakeholders: ['nphies_integration'],
          eventTypes: ['nphies.*', 'celery.task.failed'],
        },
      ],
      ['everybody', { entraGroups: [], entraAppRoles: [], may: ['acknowledge'] }],
    ])
    expect([...twoPerson]).toEqual(['discard'])
  })

  it.each([
    [{ roles: { ops: { may: [] } } }, 'roles.ops.may'],
    [{ roles: { ops: { may: ['close'] } } }, 'roles.ops.may[0]'],
    [{ roles: { ops: { may: ['acknowledge'], entra_groups: ['ops'] } } }, 'roles.ops.entra_groups[0]'],
    [{ roles: { ops: { may: ['acknowledge'], stakeholders: ['nobody'] } } }, 'roles.ops.stakeholders[0]'],
    [{ roles: { ops: { may: ['acknowledge'], event_types: ['celry.*'] } } }, 'roles.ops.event_types[0]'],
    [{ two_person: ['close'] }, 'two_person[0]'],
  ])('are refused with the place of the problem: %o', (config, at) => {
    expect(() => load(config as never)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ at })] }),
    )
  })

  it('are refused where two people are needed and nobody can be verified', () => {
    const settings = (env: Record<string, string>) => usableSettings(env).settings
    const config = { two_person: ['discard'] } as const
    expect(() => catalogueOf(settings({}), config)).toThrow('two_person')
    expect(() => catalogueOf(settings({ TEAMS_API_TOKENS: 'flow:act:0123456789abcdef0123' }), config)).not.toThrow()
  })
})
