import { GatewayError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Faults, NO_FAULTS } from './faults.ts'
import { type FlowResult, runFlow } from './flow.ts'
import { keptHeaders, type RecordedMessage, type Refusal, type SandboxChannel } from './message.ts'
import { errorBody, faultCode, REFUSALS, type RefusalCode } from './refusals.ts'
import type { ChannelSummary, MessageFilter, SandboxEvent, WebhookAnswer } from './sandbox.ts'
import { checkPost, hasShape, type Post } from './trigger.ts'

/** Upper limit for a channel's kept bodies. A thousand of the largest bodies would fill the memory. */
const MAX_KEPT_CHARACTERS = 32_000_000

/** The state of one channel. */
export interface ChannelState {
  /** Path and query of its webhook. */
  readonly path: string
  receive(post: Post): WebhookAnswer
  summary(): ChannelSummary
  messages(filter: MessageFilter): readonly RecordedMessage[]
  setFaults(faults: Faults): Faults
  clear(): void
}

/** Makes the state of a channel. */
export function createChannelState(options: {
  channel: SandboxChannel
  /** Valid `sig` of the webhook's address. */
  signature: string
  now: () => Date
  maxMessages: number
  wrongShape: 'fail_run' | 'refuse'
  emit: (event: SandboxEvent) => void
}): ChannelState {
  const { channel, signature, now, maxMessages, wrongShape, emit } = options
  let kept: RecordedMessage[] = []
  let keptCharacters = 0
  let count = 0
  let refused = 0
  let lastRefusal: Refusal | null = null
  let faults = NO_FAULTS
  /** Times of accepted posts within the last second, oldest first; for `max_per_second`. */
  let acceptedAt: number[] = []

  function summary(): ChannelSummary {
    return {
      key: channel.key,
      name: channel.name,
      messages: count,
      faults: currentFaults(),
      refused,
      last_refusal: lastRefusal,
    }
  }

  function currentFaults(): Faults {
    if (faults.until !== undefined && Date.parse(faults.until) <= now().getTime()) faults = NO_FAULTS
    return faults
  }

  /** The faults for the next post; counts down `times`. */
  function faultsForPost(): Faults {
    const { times, until: _until, max_per_second: limit, ...effects } = currentFaults()
    if (limit === undefined && Object.keys(effects).length === 0) return NO_FAULTS
    if (limit !== undefined && acceptedInLastSecond().length < limit) return NO_FAULTS
    if (times !== undefined) {
      faults = times > 1 ? { ...faults, times: times - 1 } : NO_FAULTS
      emit({ type: 'faults', channel: summary() })
    }
    return limit === undefined ? effects : { status: 429, retry_after: secondsToWait(limit), ...effects }
  }

  function acceptedInLastSecond(): number[] {
    const second = now().getTime() - 1000
    acceptedAt = acceptedAt.filter((time) => time > second)
    return acceptedAt
  }

  function secondsToWait(limit: number): number {
    const oldest = acceptedAt[Math.max(0, acceptedAt.length - limit)] ?? now().getTime()
    return Math.max(1, Math.ceil((oldest + 1000 - now().getTime()) / 1000))
  }

  function refuse(status: number, code: string): void {
    refused += 1
    lastRefusal = { at: now().toISOString(), status, code }
    emit({ type: 'refused', channel: summary() })
  }

  function refusal(code: RefusalCode, transportFaults: TransportFaults): WebhookAnswer {
    const { status, message } = REFUSALS[code]
    refuse(status, code)
    return { status, headers: JSON_TYPE, body: errorBody(code, message), ...transportFaults }
  }

  function record(post: Post, text: string, result: FlowResult): RecordedMessage {
    const time = now()
    const { error, ...rest } = result
    const message: RecordedMessage = {
      id: newId(),
      received_at: time.toISOString(),
      headers: keptHeaders(post.headers),
      body: text,
      ...rest,
      ...(error === undefined ? {} : { error }),
    }
    kept.push(message)
    keptCharacters += text.length
    while (kept.length > maxMessages || (kept.length > 1 && keptCharacters > MAX_KEPT_CHARACTERS)) {
      keptCharacters -= kept.shift()?.body.length ?? 0
    }
    count += 1
    emit({ type: 'message', channel: summary(), message })
    return message
  }

  return {
    path: `/sandbox/channels/${encodeURIComponent(channel.key)}/webhook?${queryOf(channel, signature)}`,

    receive(post) {
      const active = faultsForPost()
      const transportFaults = transportFaultsOf(active)
      if (active.cut === 'before') {
        refuse(0, 'ConnectionCut')
        return { status: 202, headers: {}, body: '', ...transportFaults }
      }
      if (active.status !== undefined && (active.status < 200 || active.status > 299)) {
        refuse(active.status, faultCode(active.status))
        return faultAnswer(active.status, active, transportFaults)
      }
      const checked = checkPost(post, channel, signature)
      if (checked.refused) return refusal(checked.refused, transportFaults)
      if (wrongShape === 'refuse' && !hasShape(channel.payload, checked.body)) {
        return refusal('TriggerInputSchemaMismatch', transportFaults)
      }
      acceptedInLastSecond().push(now().getTime())
      // Retired Office 365 connectors answered 2xx with an error in the body: no message arrives.
      const results: FlowResult[] =
        active.body === undefined
          ? runFlow(channel.payload, checked.body)
          : [{ card: null, bytes: null, run: 'failed', error: `The answer said: ${active.body}` }]
      const messages = results.map((result) => record(post, checked.text, result))
      const run = messages[0]?.id ?? ''
      const headers = { 'x-ms-workflow-run-id': run, ...(active.body === undefined ? {} : JSON_TYPE) }
      return { status: active.status ?? 202, headers, body: active.body ?? '', ...transportFaults }
    },

    summary,

    messages({ since, limit }) {
      const chosen = since === undefined ? kept : after(kept, since)
      return limit === undefined ? [...chosen] : chosen.slice(Math.max(0, chosen.length - limit))
    },

    setFaults(next) {
      faults = next
      emit({ type: 'faults', channel: summary() })
      return faults
    },

    clear() {
      kept = []
      keptCharacters = 0
      count = 0
      refused = 0
      lastRefusal = null
      emit({ type: 'cleared', channel: summary() })
    },
  }
}

type TransportFaults = Pick<WebhookAnswer, 'delayMs' | 'cut' | 'hang'>

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** Faults of the answer's delivery, apart from its status and body. */
function transportFaultsOf(faults: Faults): TransportFaults {
  return {
    ...(faults.delay_ms === undefined ? {} : { delayMs: faults.delay_ms }),
    ...(faults.cut === undefined ? {} : { cut: faults.cut }),
    ...(faults.hang === undefined ? {} : { hang: faults.hang }),
  }
}

function faultAnswer(status: number, faults: Faults, transportFaults: TransportFaults): WebhookAnswer {
  const body = faults.body ?? errorBody(faultCode(status), 'This fault was set in the sandbox.')
  const retry = faults.retry_after === undefined ? {} : { 'retry-after': String(faults.retry_after) }
  return { status, headers: { ...JSON_TYPE, ...retry }, body, ...transportFaults }
}

function queryOf(channel: SandboxChannel, signature: string): string {
  // The address of a flow with Entra tokens has no signature.
  if (channel.access === 'entra_token') return 'api-version=1'
  return `api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${signature}`
}

/** Messages after a time or after another message; all messages where that one is no longer kept. */
function after(messages: readonly RecordedMessage[], since: string): readonly RecordedMessage[] {
  const index = messages.findIndex((message) => message.id === since)
  if (index >= 0) return messages.slice(index + 1)
  if (/^[0-9a-f-]{36}$/i.test(since)) return messages
  const sinceMs = Date.parse(since)
  if (Number.isNaN(sinceMs)) {
    throw new GatewayError('invalid_request', [
      { at: 'since', found: 'other text', expected: "a message's id, or a time such as 2026-11-21T10:00:00Z" },
    ])
  }
  return messages.filter((message) => Date.parse(message.received_at) > sinceMs)
}
