import { closeSync, openSync, writeSync } from 'node:fs'
import type { EscalationFacts } from './escalation.ts'

// The forms of what is written down while faults are played, which the checker reads afterwards. All times are
// milliseconds since 1970 on this machine's own clock, which no fault moves.

/** `sender.jsonl`: an event that was answered 202. */
export interface AcceptedLine {
  readonly kind: 'accepted'
  /** When it was asked (the first time) and when the answer was there. */
  readonly asked: number
  readonly t: number
  readonly replica: string
  /** Its idempotency key: the same over all tries to hand it over. */
  readonly key: string
  readonly event_id: string
  readonly event_type: string
  readonly correlation_id: string
  readonly priority: string
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: string }[]
}

/** `sender.jsonl`: a request that was not answered 202; its events are handed over again with the same keys. */
export interface RefusedLine {
  readonly kind: 'refused'
  readonly t: number
  readonly replica: string
  /** Null where no answer came. */
  readonly status: number | null
  readonly code: string | null
  readonly events: number
}

/** `sender.jsonl`: events that no gateway accepted before the sender stopped. The gateway promised nothing about them. */
export interface GivenUpLine {
  readonly kind: 'given_up'
  readonly t: number
  readonly keys: readonly string[]
}

export type SenderLine = AcceptedLine | RefusedLine | GivenUpLine

/** `clicks.jsonl`: an action that a person asked for, and the answer. */
export interface ClickLine {
  readonly kind: 'click'
  /** When it was asked (the first time) and when the answer was there. */
  readonly asked: number
  readonly t: number
  /** Name of the person, which no other click has. */
  readonly by: string
  readonly event_id: string
  readonly action: string
  /** By the button of a card, or by a program. */
  readonly way: 'link' | 'request'
  readonly tries: number
  readonly status: number
  readonly state: string
  readonly result: string | null
  /** Null for a link, whose page does not show it. */
  readonly action_id: string | null
}

/** `clicks.jsonl`: no gateway answered before the people stopped. It may be done or not. */
export interface ClickGivenUpLine {
  readonly kind: 'click_given_up'
  readonly t: number
  readonly by: string
}

export type ClickerLine = ClickLine | ClickGivenUpLine

/** `pager.jsonl`: a request to PagerDuty. */
export interface PagerLine {
  readonly kind: 'pager'
  readonly t: number
  /** trigger, acknowledge or resolve. */
  readonly request: string
  /** Its `dedup_key`. */
  readonly key: string
  /** The answer; null where none was sent. */
  readonly status: number | null
  /** The fault that was played, or `ok`. */
  readonly how: string
  /** PagerDuty took it, whether or not the answer reached anybody. */
  readonly taken: boolean
}

/** `receiver.jsonl`: a post that came. */
export interface PostLine {
  readonly kind: 'post'
  /** Number of the post, by which its answer is found. */
  readonly n: number
  readonly t: number
  readonly channel: string
  /** Which process sent it, as its webhook URL says; empty where the URL came from elsewhere. */
  readonly via: string
  /** `webhook-id`: the notification. */
  readonly id: string
  readonly attempt: number
  /** `x-claimlinc-repeat`. */
  readonly repeat: boolean
  readonly correlation_id: string
  readonly bytes: number
  /** Path of the card's first button, which acknowledges; absent without buttons. */
  readonly link?: string | undefined
  /** The whole body came, its signature is right, and it is a message with one card. */
  readonly whole: boolean
}

/** `receiver.jsonl`: what was done with it. */
export interface AnswerLine {
  readonly kind: 'answer'
  readonly n: number
  readonly t: number
  /** The status line; null where none was sent. */
  readonly status: number | null
  /** The fault that was played, or `ok`. */
  readonly how: string
  /** The card would be shown: it came whole and was not refused, whether or not the answer reached anybody. */
  readonly taken: boolean
  /** The answer left while the connection was open. */
  readonly delivered: boolean
}

export type ReceiverLine = PostLine | AnswerLine

/** `verification.json`: what `audit verify` said of the database at the end. */
export interface Verification {
  readonly code: number
  readonly printed: string
  /** Undefined where it printed no result. */
  readonly result:
    | {
        readonly intact: boolean
        readonly origins: readonly { readonly entries: number }[]
        readonly findings: readonly object[]
      }
    | undefined
}

/** `timeline.jsonl`: faults, signals, starts and exits of processes, and notes. */
export type TimelineLine = { readonly t: number } & (
  | { readonly kind: 'started' | 'ready'; readonly process: string; readonly pid: number; readonly version: string }
  /** A signal was sent: SIGKILL interrupts the process's posts in flight, SIGTERM asks it to stop. */
  | { readonly kind: 'signalled'; readonly process: string; readonly signal: string }
  | {
      readonly kind: 'exited'
      readonly process: string
      readonly code: number | null
      readonly signal: string | null
      /** The exit was asked for, by this signal; null where the process ended by itself. */
      readonly asked: string | null
    }
  /**
   * A fault began, or ended. `cuts` says that posts in flight may be repeated because of it: it separates the
   * gateway from its record, or one answer from the gateway. With `process`, only posts of that one; it lives, and comes to know
   * later what its posts came to.
   */
  | {
      readonly kind: 'fault'
      readonly fault: string
      readonly id: number
      readonly on: string
      readonly cuts: boolean
      readonly process?: string | undefined
    }
  | { readonly kind: 'mended'; readonly id: number }
  /** From here on nothing is broken any more, and everything has to arrive. */
  | { readonly kind: 'calm' }
  /** Nothing waits any more, or the bound was over. */
  | { readonly kind: 'settled'; readonly waiting: number }
  | { readonly kind: 'note'; readonly note: string }
)

/** A fact before it gets its time. */
export type TimelineEvent = TimelineLine extends infer Line
  ? Line extends { readonly t: number }
    ? Omit<Line, 't'>
    : never
  : never

/** `scenario.json`: what the checker has to know of the scenario. */
export interface ScenarioFacts {
  readonly name: string
  readonly seed: string
  readonly form: 'full' | 'short'
  readonly promises: readonly string[]
  readonly store: 'postgres' | 'embedded'
  readonly replicas: number
  readonly channels: readonly string[]
  readonly budget: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Times that a jump of the database's clock fills the bucket. */
  readonly clock_jumps: number
  /** Milliseconds after which the gateway gives up waiting for an answer. */
  readonly timeout_ms: number
  /** The policy by which events climb; absent where none do. */
  readonly escalation?: EscalationFacts | undefined
  /** How many times slower than an idle machine this one was; the bounds are made larger by that. */
  readonly slowness: number
  readonly bounds: Bounds
  /** Milliseconds that it took. */
  readonly took: number
}

/** What is allowed for between an act and its trace, in milliseconds; docs/reliability.md says why each is as large as it is. */
export interface Bounds {
  /** From an answer of the receiver to its record in the database. */
  readonly recorded: number
  /** From taking a card's budget to the arrival of the card. */
  readonly jitter: number
  /** From claiming a notification to the time that its attempt row says. */
  readonly claimed: number
  /** From the end of the faults to the arrival of the last card. */
  readonly settled: number
  /** From when a tier is due, or a gateway runs again, to its call. */
  readonly called: number
}

/** Appends lines of JSON to a file, each written before `write` returns: what is on record outlives the process. */
export function createLines<T extends object>(path: string): { write(line: T): void; close(): void } {
  const file = openSync(path, 'a')
  return {
    write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    close: () => closeSync(file),
  }
}
