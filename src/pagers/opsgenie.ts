import type { PagerDefinition } from '../catalogue/pagers.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { PagerAlertRequest } from '../contract/pager-alerts.ts'
import { isObject } from '../kernel/json.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AlertContent, cutCodePoints } from './alert-content.ts'
import { failureOf, type PagerHttp, type PagerResponse } from './http.ts'
import type { Pager, PagerAnswer } from './pager.ts'

/** https://docs.opsgenie.com/docs/alert-api#create-alert */
const LONGEST = { message: 130, description: 15_000, allDetails: 8_000 }
const PRIORITIES: { readonly [P in Priority]: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' } = {
  CRITICAL: 'P1',
  HIGH: 'P2',
  MEDIUM: 'P3',
  LOW: 'P4',
  INFO: 'P5',
}
const PATHS: { readonly [R in Exclude<PagerAlertRequest, 'trigger'>]: string } = {
  acknowledge: 'acknowledge',
  resolve: 'close',
}

/**
 * The alert API of Jira Service Management and of Opsgenie. Everything that writes is asynchronous: 202 names a request, and only
 * its status says whether it was done.
 */
export function createOpsgenie(
  pager: PagerDefinition,
  { http, key }: { readonly http: PagerHttp; readonly key: () => Secret | undefined },
): Pager {
  const base = `${pager.url}/v2/alerts`

  async function ask(url: string, body?: object): Promise<PagerResponse | undefined> {
    const apiKey = key()
    if (apiKey === undefined) return undefined
    return http.ask(new URL(url), {
      headers: { authorization: `GenieKey ${apiKey.reveal()}` },
      ...(body === undefined ? {} : { body }),
    })
  }

  return {
    name: pager.name,
    async send(request, content): Promise<PagerAnswer> {
      const response =
        request === 'trigger'
          ? await ask(base, alertOf(content, pager))
          : await ask(`${base}/${encodeURIComponent(content.key)}/${PATHS[request]}?identifierType=alias`, {
              source: 'claimlinc-teams',
            })
      if (response === undefined) return { kind: 'failed', code: 'key_missing', statusCode: null }
      const failure = failureOf(response)
      if (failure !== undefined || response.status === undefined) return failure ?? NO_ANSWER
      const { requestId } = read(response.body)
      // A 202 without the id of its request can not be asked for; made again, it joins by the alias.
      return typeof requestId === 'string' && requestId !== ''
        ? { kind: 'accepted', statusCode: response.status, requestId }
        : NO_ANSWER
    },
    async check(): Promise<PagerAnswer> {
      const response = await ask(`${base}/requests/${NO_REQUEST}`)
      if (response === undefined) return { kind: 'failed', code: 'key_missing', statusCode: null }
      // Who may not ask hears 401 or 403 before it is looked for.
      if (response.status === 404) return { kind: 'accepted', statusCode: 404 }
      return failureOf(response) ?? { kind: 'accepted', statusCode: response.status ?? 200 }
    },
    async look(requestId): Promise<PagerAnswer> {
      const response = await ask(`${base}/requests/${encodeURIComponent(requestId)}`)
      if (response === undefined) return { kind: 'failed', code: 'key_missing', statusCode: null }
      if (response.status === 404) return { kind: 'unprocessed' }
      const failure = failureOf(response)
      if (failure !== undefined || response.status === undefined) return failure ?? NO_ANSWER
      const { data } = read(response.body)
      if (!isObject(data) || typeof data.isSuccess !== 'boolean') return { kind: 'unprocessed' }
      return data.isSuccess ? { kind: 'done' } : { kind: 'failed', code: 'not_done', statusCode: response.status }
    },
  }
}

/** The id of a request that there never is. */
const NO_REQUEST = '00000000-0000-4000-8000-000000000000'
const NO_ANSWER: PagerAnswer = { kind: 'failed', code: 'no_answer', statusCode: null }

function alertOf(content: AlertContent, { responders, tags }: PagerDefinition): object {
  const lines = Object.entries(content.details).map(([name, value]) => `${name}: ${value}`)
  return {
    message: cutCodePoints(content.summary, LONGEST.message),
    alias: content.key,
    description: cutCodePoints(lines.join('\n'), LONGEST.description),
    details: fittedDetails(content.details),
    priority: PRIORITIES[content.priority],
    source: 'claimlinc-teams',
    entity: content.eventType,
    ...(tags.length === 0 ? {} : { tags }),
    ...(responders.length === 0 ? {} : { responders }),
  }
}

/** The first details that fit together; all of them stand in the description. */
function fittedDetails(details: AlertContent['details']): AlertContent['details'] {
  let left = LONGEST.allDetails
  return Object.fromEntries(
    Object.entries(details).filter(([name, value]) => {
      left -= name.length + value.length
      return left >= 0
    }),
  )
}

function read(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
