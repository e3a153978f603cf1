import { GatewayError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Faults, NO_FAULTS } from './faults.ts'
import { type FlowResult, runFlow } from './flow.ts'
import { keptHeaders, type RecordedMessage, type Refusal, type SandboxChannel } from './message.ts'
import { errorBody, faultCode, REFUSALS, type RefusalCode } from './refusals.ts'
import type { Answer, ChannelSummary, MessageFilter, SandboxEvent } from './sandbox.ts'
import { checkPost, hasShape, type Post } from './trigger.ts'

/** Bodies kept per channel, in characters. A thousand bodies of the largest size would fill the memory. */
const MAX_KEPT_CHARACTERS = 32_000_000

/** One channel of the sandbox while it runs. */
export interface ChannelState {
  /** Path and query of its webhook. */
  readonly path: string
  receive(post: Post): Answer
  summary(): ChannelSummary
  messages(filter: MessageFilter): readonly RecordedMessage[]
  setFaults(faults: Faults): Faults
  clear(): void
}

/** Makes a channel. */
export function createChannelState(options: {
  channel: SandboxChannel
  /** What `sig` in the webhook's address has to be. */
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
  /** When posts were taken within the last second, oldest first; for `max_per_second`. */
  let taken: number[] = []

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

  /** The faults that this post meets; counts down `times`. */
  function takeFaults(): Faults {
    const { times, until: _until, max_per_second: limit, ...effects } = currentFaults()
    if (limit === undefined && Object.keys(effects).length === 0) return NO_FAULTS
    if (limit !== undefined && takenInLastSecond().length < limit) return NO_FAULTS
    if (times !== undefined) {
      faults = times > 1 ? { ...faults, times: times - 1 } : NO_FAULTS
      emit({ type: 'faults', channel: summary() })
    }
    return limit === undefined ? effects : { status: 429, retry_after: secondsToWait(limit), ...effects }
  }

  function takenInLastSecond(): number[] {
    const second = now().getTime() - 1000
    taken = taken.filter((time) => time > second)
    return taken
  }

  function secondsToWait(limit: number): number {
    const leaving = taken[Math.max(0, taken.length - limit)] ?? now().getTime()
    return Math.max(1, Math.ceil((leaving + 1000 - now().getTime()) / 1000))
  }

  function refuse(status: number, code: string): void {
    refused += 1
    lastRefusal = { at: now().toISOString(), status, code }
    emit({ type: 'refused', channel: summary() })
  }

  function refusal(code: RefusalCode, manner: Manner): Answer {
    const { status, message } = REFUSALS[code]
    refuse(status, code)
    return { status, headers: JSON_TYPE, body: errorBody(code, message), ...manner }
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
      const met = takeFaults()
      const manner = mannerOf(met)
      if (met.cut === 'before') {
        refuse(0, 'ConnectionCut')
        return { status: 202, headers: {}, body: '', ...manner }
      }
      if (met.status !== undefined && (met.status < 200 || met.status > 299)) {
        refuse(met.status, faultCode(met.status))
        return faultAnswer(met.status, met, manner)
      }
      const judged = checkPost(post, channel, signature)
      if (judged.refused) return refusal(judged.refused, manner)
      if (wrongShape === 'refuse' && !hasShape(channel.payload, judged.body)) {
        return refusal('TriggerInputSchemaMismatch', manner)
      }
      takenInLastSecond().push(now().getTime())
      // A 2xx whose body tells of an error is what the retired connectors gave: nothing arrives in the channel.
      const results: FlowResult[] =
        met.body === undefined
          ? runFlow(channel.payload, judged.body)
          : [{ card: null, bytes: null, run: 'failed', error: `The answer said: ${met.body}` }]
      const messages = results.map((result) => record(post, judged.text, result))
      const run = messages[0]?.id ?? ''
      const headers = { 'x-ms-workflow-run-id': run, ...(met.body === undefined ? {} : JSON_TYPE) }
      return { status: met.status ?? 202, headers, body: met.body ?? '', ...manner }
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

type Manner = Pick<Answer, 'delayMs' | 'cut' | 'hang'>

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** How an answer is given, whatever it says. */
function mannerOf(faults: Faults): Manner {
  return {
    ...(faults.delay_ms === undefined ? {} : { delayMs: faults.delay_ms }),
    ...(faults.cut === undefined ? {} : { cut: faults.cut }),
    ...(faults.hang === undefined ? {} : { hang: faults.hang }),
  }
}

function faultAnswer(status: number, faults: Faults, manner: Manner): Answer {
  const body = faults.body ?? errorBody(faultCode(status), 'This fault was set in the sandbox.')
  const retry = faults.retry_after === undefined ? {} : { 'retry-after': String(faults.retry_after) }
  return { status, headers: { ...JSON_TYPE, ...retry }, body, ...manner }
}

function queryOf(channel: SandboxChannel, signature: string): string {
  // A flow that wants Entra tokens has no signature in its address.
  if (channel.access === 'entra_token') return 'api-version=1'
  return `api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${signature}`
}

/** Messages after a moment or after another message; all of them where that message is no longer kept. */
function after(messages: readonly RecordedMessage[], since: string): readonly RecordedMessage[] {
  const index = messages.findIndex((message) => message.id === since)
  if (index >= 0) return messages.slice(index + 1)
  if (/^[0-9a-f-]{36}$/i.test(since)) return messages
  const moment = Date.parse(since)
  if (Number.isNaN(moment)) {
    throw new GatewayError('invalid_request', [
      { at: 'since', found: 'other text', expected: "a message's id, or a time such as 2026-11-21T10:00:00Z" },
    ])
  }
  return messages.filter((message) => Date.parse(message.received_at) > moment)
}
