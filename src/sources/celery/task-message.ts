import type { RetriedTask } from './plan-retry.ts'

/** A message of Celery's protocol 2. */
export interface TaskMessage {
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

const CONTENT_TYPE = 'application/json'
const CONTENT_ENCODING = 'utf-8'
/** Neither callbacks nor a chord: a task that had them is not queued again. */
const EMBED = '{"callbacks": null, "errbacks": null, "chain": null, "chord": null}'

/**
 * Makes the message of a task that is queued again. All headers that Celery sends are in it: without `task`, `id` or the content type a
 * worker deletes the message, or ends. Retries begin anew; `eta` and `expires` of before would let it wait, or expire at once.
 */
export function taskMessage(task: RetriedTask, actionId: string): TaskMessage {
  return {
    headers: {
      lang: 'py',
      task: task.name,
      id: task.id,
      shadow: null,
      eta: null,
      expires: null,
      group: null,
      group_index: null,
      retries: 0,
      timelimit: [null, null],
      root_id: task.rootId,
      parent_id: task.parentId,
      argsrepr: '(retried)',
      kwargsrepr: '{}',
      origin: 'claimlinc-teams',
      ignore_result: false,
      claimlinc_action: actionId,
    },
    body: Buffer.from(`[${task.args}, ${task.kwargs}, ${EMBED}]`),
  }
}

/** The properties of a message at RabbitMQ. */
export function amqpProperties({ headers }: TaskMessage) {
  return {
    contentType: CONTENT_TYPE,
    contentEncoding: CONTENT_ENCODING,
    correlationId: String(headers.id),
    replyTo: '',
    deliveryMode: 2,
    priority: 0,
    headers,
  }
}

/**
 * The item of a message in a list of Redis.
 *
 * @param deliveryTag a new UUID: workers keep messages that they have by it
 */
export function redisEnvelope({ headers, body }: TaskMessage, queue: string, deliveryTag: string): string {
  return JSON.stringify({
    body: body.toString('base64'),
    'content-encoding': CONTENT_ENCODING,
    'content-type': CONTENT_TYPE,
    headers,
    properties: {
      correlation_id: headers.id,
      reply_to: '',
      delivery_mode: 2,
      delivery_info: { exchange: '', routing_key: queue },
      priority: 0,
      body_encoding: 'base64',
      delivery_tag: deliveryTag,
    },
  })
}
