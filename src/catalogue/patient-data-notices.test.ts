import { expect, it } from 'vitest'
import { loadCatalogue } from './load.ts'
import { patientDataNotices } from './patient-data-notices.ts'

const defaults = { language: 'en', budget: { requests: 60, period: 60, burst: 10 } } as const

it('names fields that look like patient data and have no phi mark', () => {
  const type = { priority: 'INFO', stakeholders: ['sre'], card: 'system_alert' } as const
  const catalogue = loadCatalogue({
    ...defaults,
    config: {
      event_types: {
        'lab.result.ready': {
          ...type,
          data: {
            iqama: { type: 'text' },
            national_id: { type: 'text', phi: true },
            phone: { type: 'text', phi: false },
            result_id: { type: 'text' },
            patient_name: { type: 'text' },
          },
        },
      },
    },
  })
  expect(patientDataNotices(catalogue).map(({ at }) => at)).toEqual([
    'event_types.lab.result.ready.data.iqama',
    'event_types.lab.result.ready.data.patient_name',
  ])
})

it('has no notice for the built-in catalogue', () => {
  expect(patientDataNotices(loadCatalogue(defaults))).toEqual([])
})
