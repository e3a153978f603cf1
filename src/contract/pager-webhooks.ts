/** What became of a webhook of a service that calls people. */
export interface PagerWebhookAnswer {
  /**
   * `recorded`: the pager alert has what the service told; `acknowledged`: and the event is acknowledged here; `ignored`: it is
   * about an alert that the gateway did not open, or tells nothing that it records.
   */
  readonly result: 'recorded' | 'acknowledged' | 'ignored'
}

/** Why a webhook is refused, with the HTTP status of the answer. */
export const PAGER_WEBHOOK_REFUSALS = {
  unknown_pager: {
    status: 404,
    means: 'The configuration has no pager of this name and kind, or no secret for its webhook.',
    todo: 'Set TEAMS_PAGER_WEBHOOK_<NAME>, or the field <name>_webhook, and compare the address of the webhook subscription.',
  },
  signature_missing: {
    status: 401,
    means: 'The request has no signature: it does not come from the service, or a proxy removed the header.',
    todo: 'Let the proxy pass X-PagerDuty-Signature on.',
  },
  signature_wrong: {
    status: 401,
    means: 'No secret of the pager made the signature over this body.',
    todo: 'Compare the secret with that of the webhook subscription. If it is right, somebody tried to forge a webhook, or a proxy changed the body.',
  },
  time_wrong: {
    status: 401,
    means:
      'The webhook tells of a time that is more than 5 minutes ahead, or longer ago than the service tries to deliver.',
    todo: 'Set the clock of the gateway. If it is right, somebody sent an old webhook again.',
  },
  unreadable: {
    status: 400,
    means: 'The body has a right signature and is no webhook of version 3.',
    todo: 'Make the subscription as a v3 webhook, and report this if it is one.',
  },
} as const satisfies Readonly<
  Record<string, { readonly status: number; readonly means: string; readonly todo: string }>
>

/** Why a webhook is refused. */
export type PagerWebhookRefusal = keyof typeof PAGER_WEBHOOK_REFUSALS
