import { randomBytes } from 'node:crypto'
import { DEFAULT_CHANNEL_NAMES } from '../../catalogue/stakeholder-groups.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { type ChannelState, createChannelState } from './channel.ts'
import { parseFaults } from './faults.ts'
import type { SandboxChannel } from './message.ts'
import { errorBody, REFUSALS } from './refusals.ts'
import type { Sandbox, SandboxEvent, WebhookAnswer } from './sandbox.ts'

/** Options of {@link createSandbox}. */
export interface SandboxOptions {
  /** By default the gateway's eight channels, each with the stock flow. */
  readonly channels?: readonly SandboxChannel[]
  /** The clock; the system's by default. */
  readonly now?: () => Date
  /** Number of messages that each channel keeps, the newest; 1,000 by default. */
  readonly maxMessages?: number
  /**
   * The reaction to a body of the wrong shape (a bare card instead of an envelope, or the reverse). `fail_run`, the
   * default, is Power Automate's: 202, and a failed run that only the flow's owner can see. `refuse` answers 400, so
   * that a test fails at once.
   */
  readonly wrongShape?: 'fail_run' | 'refuse'
}

/** Makes a stand-in for Teams. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const { channels = gatewayChannels(), now = () => new Date(), maxMessages = 1000, wrongShape = 'fail_run' } = options
  const listeners = new Set<(event: SandboxEvent) => void>()
  const emit = (event: SandboxEvent) => {
    for (const listener of listeners) listener(event)
  }
  const states = new Map<string, ChannelState>(
    channels.map((channel) => {
      const signature = randomBytes(32).toString('base64url')
      return [channel.key, createChannelState({ channel, signature, now, maxMessages, wrongShape, emit })]
    }),
  )

  function stateOf(key: string): ChannelState {
    const state = states.get(key)
    if (state) return state
    const expected = `one of ${[...states.keys()].join(', ')}`
    throw new GatewayError('not_found', [{ at: 'channel', found: 'an unknown key', expected }])
  }

  function subscribe(listener: (event: SandboxEvent) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    receive: (key, post) => states.get(key)?.receive(post) ?? unknownFlow(),
    channels: () => [...states.values()].map((state) => state.summary()),
    messages: (key, filter = {}) => stateOf(key).messages(filter),
    setFaults(key, faults) {
      const state = stateOf(key)
      return state.setFaults(parseFaults(faults, now()))
    },
    clear: (key) => stateOf(key).clear(),
    addresses: (origin) => new Map([...states].map(([key, state]) => [key, origin + state.path])),
    async waitFor(key, count, signal) {
      const state = stateOf(key)
      signal?.throwIfAborted()
      if (state.summary().messages >= count) return state.messages({})
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const unsubscribe = subscribe((event) => {
        if (event.channel.key === key && event.channel.messages >= count) resolve()
      })
      const abort = () => reject(signal?.reason)
      signal?.addEventListener('abort', abort, { once: true })
      try {
        await promise
        return state.messages({})
      } finally {
        unsubscribe()
        signal?.removeEventListener('abort', abort)
      }
    },
    subscribe,
  }
}

function unknownFlow(): WebhookAnswer {
  const { status, message } = REFUSALS.WorkflowNotFound
  return { status, headers: { 'content-type': 'application/json' }, body: errorBody('WorkflowNotFound', message) }
}

function gatewayChannels(): SandboxChannel[] {
  return Object.entries(DEFAULT_CHANNEL_NAMES).map(([key, name]) => ({ key, name, payload: 'envelope' }))
}
