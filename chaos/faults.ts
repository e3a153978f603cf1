/** How the receiver answers. `taken` says whether the card would be shown. */
export const ANSWERS = {
  ok: { taken: true },
  rate_limited_seconds: { taken: false },
  rate_limited_date: { taken: false },
  rate_limited_absent: { taken: false },
  rate_limited_absurd: { taken: false },
  server_error: { taken: false },
  bad_gateway: { taken: false },
  unavailable: { taken: false },
  /** Never answers, and keeps the connection until the other side closes it. */
  hang: { taken: false },
  /** Resets the connection while the card is still coming. */
  reset_before: { taken: false },
  /** Has the whole card, and resets the connection without a word. */
  reset_after: { taken: false },
  /** 202, and closes in the middle of the body: with the status line Teams has taken the card. */
  cut_body: { taken: true },
  /** 500, and closes in the middle of the body. */
  cut_error_body: { taken: false },
  /** 202 after a long while, within the sender's time-out. */
  slow: { taken: true },
  /** 202 at once, and a body that comes byte by byte. */
  drip: { taken: true },
  /** 202 after the sender's time-out: taken, and the answer reaches no one. */
  too_late: { taken: true },
  /** 2xx whose body says that the card was not delivered (facts of Teams, section 2). */
  refused_text: { taken: false },
  refused_text_429: { taken: false },
  refused_json: { taken: false },
} as const satisfies Record<string, { readonly taken: boolean }>

export type AnswerName = keyof typeof ANSWERS

/** What the receiver does with the posts of one channel, until its next plan. */
export interface ChannelPlan {
  /** From which the choices below are drawn. */
  readonly seed: string
  /** Milliseconds until an ordinary answer, from–to. */
  readonly delay: readonly [number, number]
  /** Faults and the share of posts that get each; the rest are answered 202. */
  readonly faults: Readonly<Partial<Record<AnswerName, number>>>
  /** Milliseconds until a slow answer and until one that is too late. */
  readonly slow: number
  readonly tooLate: number
  /** Seconds that a Retry-After says. */
  readonly retryAfter: number
}

/** By channel; `*` for those that have none of their own. */
export type Plan = Readonly<Record<string, ChannelPlan>>

/** What no sender can do anything with. */
export const ABSURD = [
  '-5',
  '99999999999999999999',
  'soon',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  '1e3',
  ' ',
  'NaN',
] as const

export const CALM: ChannelPlan = {
  seed: 'calm',
  delay: [3, 40],
  faults: {},
  slow: 800,
  tooLate: 4_000,
  retryAfter: 2,
}
