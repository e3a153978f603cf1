import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { fromCdEvent } from './cdevents.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const PURL = 'pkg:oci/claims-api@sha256%3A0b31b1c0?repository_url=x'

const cdEvent = (type: string, content: object, subject: object = { id: 'service/claims-api' }): UncheckedEvent => ({
  eventType: `dev.cdevents.${type}`,
  correlationId: 'service/claims-api',
  idempotencyKey: 'ce:1',
  data: { context: { version: '0.4.1' }, subject: { ...subject, source: '/argo', content } },
})
const inProd = { environment: { id: 'prod' }, artifactId: PURL }
const map = (...given: Parameters<typeof cdEvent>) => fromCdEvent(cdEvent(...given), catalogue)

describe('a CDEvent', () => {
  it.each([
    ['service.deployed.0.2.0', 'deployment.completed', 'service/claims-api is deployed to prod'],
    ['service.upgraded.0.3.0-draft', 'deployment.completed', 'service/claims-api is upgraded in prod'],
    ['service.rolledback', 'deployment.rolledback', 'service/claims-api is rolled back in prod'],
    ['service.removed.0.2.0', 'deployment.removed', 'service/claims-api is removed from prod'],
  ])('%s is %s of the service in its environment', (type, eventType, summary) => {
    expect(map(type, inProd)).toEqual({
      eventType,
      correlationId: 'service/claims-api@prod',
      idempotencyKey: 'ce:1',
      data: {
        component: 'service/claims-api',
        summary: `${summary}: ${PURL}.`,
        labels: { environment: 'prod', artifact: PURL },
      },
    })
  })

  it.each([
    ['success', 'deployment.completed', undefined],
    ['failure', 'deployment.failed', undefined],
    ['error', 'deployment.failed', undefined],
    ['cancel', 'deployment.failed', 'LOW'],
    ['of another kind', 'deployment.failed', undefined],
  ])(
    'of a deployment that ended with %s is %s, about the package and its environment',
    (outcome, eventType, priority) => {
      expect(map('deployment.finished.0.1.0', { ...inProd, outcome }, { id: 'run-1' })).toMatchObject({
        eventType,
        correlationId: 'oci/claims-api@prod',
        data: { component: 'oci/claims-api' },
        ...(priority ? { priority } : {}),
      })
    },
  )

  it('of a pipeline run is about the pipeline, so that a later run resolves an earlier one', () => {
    const content = { pipelineName: 'claims-ci', url: 'https://ci.example.sa/7', errors: 'lint failed' }
    expect(map('pipelinerun.finished.0.2.0', { ...content, outcome: 'failure' }, { id: 'run-7' })).toMatchObject({
      eventType: 'pipeline.failed',
      correlationId: 'claims-ci',
      data: { component: 'claims-ci', message: 'lint failed', dashboard_url: 'https://ci.example.sa/7' },
    })
    expect(
      map('pipelinerun.finished.0.2.0', { outcome: 'success', url: 'javascript:x' }, { id: 'run-7' }),
    ).toMatchObject({
      eventType: 'pipeline.completed',
      correlationId: 'run-7',
      data: { component: 'run-7', summary: 'The pipeline run-7 succeeded.' },
    })
  })

  it('of an environment is its change', () => {
    for (const predicate of ['created', 'modified', 'deleted'])
      expect(map(`environment.${predicate}.0.2.0`, { name: 'production' }, { id: 'prod' })).toMatchObject({
        eventType: 'deployment.environment.changed',
        correlationId: 'prod',
        data: { component: 'production', summary: `The environment production was ${predicate}.` },
      })
  })

  it('keeps what its sender names: priority, stakeholders, language', () => {
    const given = { ...cdEvent('deployment.finished', { outcome: 'cancel' }), priority: 'high', stakeholders: ['SRE'] }
    expect(fromCdEvent(given, catalogue)).toMatchObject({ priority: 'high', stakeholders: ['SRE'] })
  })

  it('without a subject, with another type, or of a type of the configuration stays as it is', () => {
    for (const event of [
      cdEvent('build.finished.0.2.0', {}),
      cdEvent('service.deployed.0.2.0', inProd, {}),
      cdEvent('service.constructor', inProd),
      cdEvent('service.deployed.0.2.0.more', inProd),
      { ...cdEvent('service.deployed.0.2.0', inProd), data: null },
      { ...cdEvent('service.deployed.0.2.0', inProd), data: { subject: { id: 7 } } },
    ])
      expect(fromCdEvent(event, catalogue)).toBe(event)
    const own = loadCatalogue({
      language: 'en',
      budget: { requests: 60, period: 60, burst: 10 },
      config: {
        event_types: {
          'dev.cdevents.service.deployed.0.2.0': { priority: 'LOW', stakeholders: ['pmo'], card: 'system_alert' },
        },
      },
    })
    const event = cdEvent('service.deployed.0.2.0', inProd)
    expect(fromCdEvent(event, own)).toBe(event)
  })
})
