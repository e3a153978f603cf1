import { loadCatalogue } from '../../src/catalogue/load.ts'
import { eventFromWire } from '../../src/contract/events.ts'
import { shapeProblem } from '../../src/contract/json-body.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type Json } from '../../src/kernel/json.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { anyText, disguised, markedId } from '../mutate/texts.ts'
import { holdPatients, patientValues } from '../properties/patient.ts'
import { holdPlain } from '../properties/read-outside.ts'
import { holdProblems, textsIn } from '../properties/refusal.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { createUnwritten } from './checks.ts'

const TYPES = [
  ...['service.deployed.0.2.0', 'service.upgraded', 'service.rolledback.0.2.0', 'service.removed'],
  ...['deployment.finished.0.1.0', 'pipelinerun.finished.0.2.0', 'environment.created', 'environment.deleted.0.2.0'],
  ...['build.finished.0.2.0', 'constructor.name'],
].map((type) => `dev.cdevents.${type}`)
const WORDS = [
  ...TYPES,
  ...['event_type', 'data', 'context', 'subject', 'id', 'source', 'content', 'environment', 'artifactId', 'errors'],
  ...['outcome', 'success', 'failure', 'error', 'cancel', 'pipelineName', 'name', 'url', 'uri', 'customData'],
  ...['pkg:oci/claims@sha256%3Aab?x=y', 'https://ci.example.sa/1', 'patient_id', 'memberId', 'iqama'],
]

/** CDEvents of deployments, pipelines and environments, through to what is kept of them. */
export const target: Target = {
  name: 'cdevents',
  extension: 'input',
  batch: 64,
  thoroughOneIn: 1_000,
  maxSteps: (bytes) => 60_000 + 400 * bytes,
  seeds: () => TYPES.map((type) => Buffer.from(JSON.stringify(eventOf(type, 'failure', 'Row ZX12345678 failed.')))),
  mutate(input, other, random) {
    if (!random.oneIn(3)) return mutateBody(input, other, random, WORDS)
    return mutateBody(Buffer.from(JSON.stringify(freshEvent(random))), other, random, WORDS)
  },
  async open(): Promise<OpenTarget> {
    const budget = { requests: 60, period: 60, burst: 10 }
    const acceptor = createUnwritten(loadCatalogue({ language: 'en', budget }))
    return {
      async run(bytes) {
        const given = parsed(bytes)
        // As the API does, before an event is read: a key __proto__ never comes so far.
        if (!isObject(given) || shapeProblem(given, 0) !== undefined) return ['no input']
        try {
          const checked = acceptor.check([eventFromWire(given)])
          const [event] = await acceptor.protect(checked)
          if (event === undefined) return ['no event']
          const { data, correlationId = '' } = event.stored
          holdPlain(data, 300_000, 'the data')
          holdPatients(patientValues(given.data), JSON.stringify(data), 'the data')
          holdPatients(patientValues(given.data), correlationId, 'the correlation id')
          return [`${event.definition.name} ${event.priority} ${Object.keys(data).join()}`]
        } catch (error) {
          if (!isGatewayError(error)) throw error
          hold(error.code === 'invalid_event', 'refusal', () => `a CDEvent is refused with ${error.code}`)
          return holdProblems(error.code, error.problems, error.message, textsIn(given))
        }
      },
      async close() {},
    }
  },
}

function eventOf(type: string, outcome: string, errors: string): Json {
  return {
    event_type: type,
    data: {
      context: { version: '0.4.1' },
      subject: {
        id: 'service/claims-api',
        content: {
          outcome,
          errors,
          environment: { id: 'prod' },
          artifactId: 'pkg:oci/claims-api@sha256%3A0b31',
          pipelineName: 'claims',
          url: 'https://ci.example.sa/1',
        },
      },
      customData: { patient_id: 'ZX12345678' },
    },
  }
}

/** A CDEvent whose texts now and then quote the value of a patient field that is not kept. */
function freshEvent(random: Random): Json {
  const patient = markedId(random)
  const text = () => (random.oneIn(3) ? disguised(patient, random) : anyText(random, WORDS))
  return {
    event_type: random.pick(TYPES),
    data: {
      subject: {
        id: text(),
        content: {
          outcome: random.pick(['success', 'failure', 'error', 'cancel', text()]),
          errors: text(),
          environment: { id: text() },
          ...(random.oneIn(2) ? { artifactId: text(), pipelineName: text(), url: `https://x.example/${text()}` } : {}),
        },
      },
      customData: { patient_id: patient },
    },
  }
}
