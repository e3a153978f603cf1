import { type Catalogue, findEventType } from '../catalogue/catalogue.ts'
import type { UncheckedEvent } from '../contract/events.ts'
import { isObject } from '../kernel/json.ts'

/** `dev.cdevents.<subject>.<predicate>`, with or without the version of the type. */
const CD_EVENT = /^dev\.cdevents\.([a-z]+)\.([a-z]+)(?:\.\d+\.\d+\.\d+(?:-[\w.-]+)?)?$/

/** What a CDEvent says about its subject: https://github.com/cdevents/spec/blob/main/continuous-deployment.md. */
interface Subject {
  readonly id: string
  readonly environment: string | undefined
  /** The package URL of what was deployed. */
  readonly artifact: string | undefined
  readonly name: string | undefined
  readonly url: string | undefined
  /** `success`, `failure`, `error`, `cancel`. */
  readonly outcome: string | undefined
  /** Why it did not succeed. */
  readonly errors: string | undefined
}

type Mapped = Pick<UncheckedEvent, 'eventType' | 'correlationId' | 'priority'> & {
  readonly component: string
  readonly summary: string
}

type Map = (subject: Subject) => Mapped

const service =
  (eventType: UncheckedEvent['eventType'], done: string): Map =>
  ({ id, environment, artifact }) => ({
    eventType,
    correlationId: within(id, environment),
    component: id,
    summary: `${id} is ${done}${environment === undefined ? '' : ` ${environment}`}${artifact === undefined ? '' : `: ${artifact}`}.`,
  })

const environment =
  (done: string): Map =>
  ({ id, name = id }) => ({
    eventType: 'deployment.environment.changed',
    correlationId: id,
    component: name,
    summary: `The environment ${name} was ${done}.`,
  })

/** What becomes of a CDEvent, by subject and predicate. All others keep their type. */
const MAPS: Readonly<Record<string, Map>> = {
  'service.deployed': service('deployment.completed', 'deployed to'),
  'service.upgraded': service('deployment.completed', 'upgraded in'),
  'service.rolledback': service('deployment.rolledback', 'rolled back in'),
  'service.removed': service('deployment.removed', 'removed from'),
  'deployment.finished': (subject) => {
    const what = subject.artifact === undefined ? subject.id : packageOf(subject.artifact)
    const place = subject.environment === undefined ? '' : ` to ${subject.environment}`
    return finished(subject, { word: 'deployment', what, says: `The deployment of ${what}${place}` })
  },
  'pipelinerun.finished': (subject) => {
    const what = subject.name ?? subject.id
    return finished({ ...subject, environment: undefined }, { word: 'pipeline', what, says: `The pipeline ${what}` })
  },
  'environment.created': environment('created'),
  'environment.modified': environment('modified'),
  'environment.deleted': environment('deleted'),
}

/** One that was cancelled has failed, and nobody has to be called for it. */
function finished(
  { outcome, environment: place }: Subject,
  { word, what, says }: { readonly word: 'deployment' | 'pipeline'; readonly what: string; readonly says: string },
): Mapped {
  const common = { correlationId: within(what, place), component: what }
  if (outcome === 'success') return { ...common, eventType: `${word}.completed`, summary: `${says} succeeded.` }
  const failed = { ...common, eventType: `${word}.failed` } as const
  if (outcome === 'cancel') return { ...failed, priority: 'LOW', summary: `${says} was cancelled.` }
  return { ...failed, summary: `${says} failed${outcome === 'error' ? ' with an error' : ''}.` }
}

/**
 * An event for a CDEvent that has a type in the catalogue: deployments, pipeline runs and environments. Returned unchanged: every other
 * event, a CDEvent without the subject that it has to have, and one whose type the configuration has.
 *
 * The correlation id is that of the service and its environment, or of the pipeline, instead of the id of the run: a deployment that
 * succeeds then resolves the one before it that failed, and none of another environment.
 */
export function fromCdEvent<E extends UncheckedEvent>(event: E, catalogue: Catalogue): E {
  const { eventType } = event
  if (typeof eventType !== 'string' || !eventType.startsWith('dev.cdevents.')) return event
  const [, subjectType = '', predicate = ''] = CD_EVENT.exec(eventType) ?? []
  const map = Object.hasOwn(MAPS, `${subjectType}.${predicate}`) ? MAPS[`${subjectType}.${predicate}`] : undefined
  if (map === undefined || findEventType(catalogue, eventType) !== undefined) return event
  const subject = subjectOf(event)
  if (subject === undefined) return event
  const { component, summary, ...mapped } = map(subject)
  const { environment: place, artifact, url, errors } = subject
  const labels = {
    ...(place === undefined ? {} : { environment: place }),
    ...(artifact === undefined ? {} : { artifact }),
  }
  return {
    ...event,
    ...mapped,
    // What the sender names wins: an extension attribute of the CloudEvent.
    ...(event.priority ? { priority: event.priority } : {}),
    data: {
      component,
      summary,
      ...(errors === undefined ? {} : { message: errors }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(url === undefined ? {} : { dashboard_url: url }),
    },
  }
}

function subjectOf({ data }: UncheckedEvent): Subject | undefined {
  try {
    const subject = fieldOf(data, 'subject')
    const id = textOf(fieldOf(subject, 'id'))
    if (id === undefined) return undefined
    const content = fieldOf(subject, 'content')
    const url = textOf(fieldOf(content, 'url')) ?? textOf(fieldOf(content, 'uri'))
    return {
      id,
      environment: textOf(fieldOf(fieldOf(content, 'environment'), 'id')),
      artifact: textOf(fieldOf(content, 'artifactId')),
      name: textOf(fieldOf(content, 'pipelineName')) ?? textOf(fieldOf(content, 'name')),
      url: url !== undefined && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : undefined,
      outcome: textOf(fieldOf(content, 'outcome')),
      errors: textOf(fieldOf(content, 'errors')),
    }
  } catch {
    // A getter of a host program's object.
    return undefined
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

function within(what: string, place: string | undefined): string {
  return place === undefined ? what : `${what}@${place}`
}

/** A package URL without its version: `pkg:oci/myapp@sha256%3A0b31?arch=x` → `oci/myapp`. */
function packageOf(artifact: string): string {
  const [name = artifact] = artifact.replace(/^pkg:/, '').split(/[@?#]/)
  return name === '' ? artifact : name
}
