import { isRecord, lengthOf } from './server.ts'

/** Most characters of a field of an alert: https://docs.opsgenie.com/docs/alert-api#create-alert */
const LONGEST: Readonly<Record<string, number>> = {
  message: 130,
  alias: 512,
  description: 15_000,
  entity: 512,
  source: 100,
  user: 100,
  note: 25_000,
}
const MOST_TAGS = 20
const LONGEST_TAG = 50
const MOST_ACTIONS = 10
const PRIORITIES = ['P1', 'P2', 'P3', 'P4', 'P5']
const RESPONDERS = ['team', 'user', 'escalation', 'schedule']

/** Returns why an alert would be refused, as in `errors` of the answer: field and reason; empty for a valid one. */
export function refusalsOf(
  body: Readonly<Record<string, unknown>>,
  of: 'create' | 'change',
): Readonly<Record<string, string>> {
  const errors: Record<string, string> = {}
  for (const [name, longest] of Object.entries(LONGEST)) {
    const value = body[name]
    if (value === undefined) continue
    if (typeof value !== 'string') errors[name] = 'must be a text'
    else if (lengthOf(value) > longest) errors[name] = `can not be longer than ${longest} characters`
  }
  if (of === 'change') return errors
  const { message, tags, details, priority, actions, responders } = body
  if (message === undefined || message === '') errors.message = 'can not be empty'
  if (tags !== undefined) {
    if (!isTexts(tags)) errors.tags = 'must be a list of texts'
    else if (tags.length > MOST_TAGS) errors.tags = `can not be more than ${MOST_TAGS}`
    else if (tags.some((tag) => lengthOf(tag) > LONGEST_TAG))
      errors.tags = `can not be longer than ${LONGEST_TAG} characters each`
  }
  if (actions !== undefined && !(isTexts(actions) && actions.length <= MOST_ACTIONS))
    errors.actions = `must be at most ${MOST_ACTIONS} texts`
  if (details !== undefined && !(isRecord(details) && isTexts(Object.values(details))))
    errors.details = 'must be an object of texts'
  if (priority !== undefined && !PRIORITIES.includes(String(priority)))
    errors.priority = `must be one of ${PRIORITIES.join(', ')}`
  if (responders !== undefined && !(Array.isArray(responders) && responders.every(isResponder)))
    errors.responders = 'must be a list of objects with type and one of id, name, username'
  return errors
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isResponder(value: unknown): boolean {
  if (!isRecord(value) || !RESPONDERS.includes(String(value.type))) return false
  return [value.id, value.name, value.username].some((text) => typeof text === 'string' && text !== '')
}
