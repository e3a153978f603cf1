import { snakeName } from '../contract/json-names.ts'
import type { NotificationQuery } from '../contract/notification-query.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'

/** Names that the filters of `notifications list` can have. */
export interface FilterNames {
  readonly channels: readonly { readonly key: string; readonly name: string }[]
  readonly eventTypes: Iterable<string>
  /** Older names of event types and their present ones. Events are stored under the present names only. */
  readonly aliases: ReadonlyMap<string, string>
}

/**
 * Hints why a list may be empty: a filter with an unknown channel or event type. No error, because the record also has
 * notifications of channels and event types that have left the configuration.
 */
export function listHints({ channel, eventType }: Partial<NotificationQuery>, names: FilterNames): string[] {
  const hints: string[] = []
  if (channel !== undefined && !names.channels.some(({ key }) => key === channel)) {
    const byName = names.channels.find(({ name }) => name === channel)?.key
    const keys = names.channels.map(({ key }) => key)
    const near = byName ?? nearestName(keys, channel)
    hints.push(`--channel: no channel has this key; ${near ? `perhaps ${near}` : `the keys are ${keys.join(', ')}`}.`)
  }
  if (eventType !== undefined) {
    const known = [...names.eventTypes]
    const near = names.aliases.get(eventType) ?? (known.includes(eventType) ? undefined : nearestName(known, eventType))
    if (near !== undefined) hints.push(`--event-type: no event is stored under this name; perhaps ${near}.`)
  }
  return hints
}

/**
 * Reads the filters of a list from options, with the reader of the HTTP query `read`; its problems name the options.
 *
 * @param names the options whose names differ from those of the filters
 * @throws GatewayError `invalid_request`
 */
export function readFlags<T>(
  flags: object,
  read: (query: Readonly<Record<string, unknown>>) => T,
  names: Readonly<Record<string, string>> = {},
): T {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  try {
    return read(Object.fromEntries(given.map(([name, value]) => [snakeName(name), value])))
  } catch (error) {
    if (!isGatewayError(error, 'invalid_request')) throw error
    const problems = error.problems.map((problem) => ({
      ...problem,
      at: names[problem.at] ?? `--${problem.at.replaceAll('_', '-')}`,
    }))
    throw new GatewayError(error.code, problems, { cause: error })
  }
}
