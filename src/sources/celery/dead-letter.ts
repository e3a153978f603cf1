import type { Channel, GetMessage } from 'amqplib'
import { cutText } from '../../kernel/characters.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { isObject } from '../../kernel/json.ts'

/** Messages of a queue that are looked at, and their bytes. */
const MOST_MESSAGES = 1_000
const MOST_BYTES = 64 * 2 ** 20
/** A quorum queue drops or moves a message that came back too often, 20 times by default. */
const MOST_RETURNS = 10
const LONGEST_NAME = 255

/** A dead-lettered message as it is archived: all that is needed to publish it again. */
export interface DeadLetter {
  readonly queue: string
  readonly properties: JsonObject
  /** Its bytes, in base64. */
  readonly content: string
}

/** What a search found: the message, that all were looked at, or that there are more than are looked at. */
export type Search =
  | { readonly found: GetMessage; readonly letter: DeadLetter }
  | { readonly found: undefined; readonly isWhole: boolean }

/**
 * Gets messages of a queue until one is right. None is acknowledged: closing the channel gives all of them back to their places, marked
 * as redelivered.
 */
export async function searchQueue(
  channel: Channel,
  queue: string,
  isRight: (letter: DeadLetter) => boolean,
  onMessage: () => void,
): Promise<Search> {
  let bytes = 0
  for (let count = 0; count < MOST_MESSAGES && bytes < MOST_BYTES; count += 1) {
    const message = await channel.get(queue, { noAck: false })
    onMessage()
    if (message === false) return { found: undefined, isWhole: true }
    const letter = letterOf(queue, message)
    if (isRight(letter)) return { found: message, letter }
    const returns = message.properties.headers?.['x-delivery-count']
    if (typeof returns === 'number' && returns >= MOST_RETURNS) return { found: undefined, isWhole: false }
    bytes += message.content.length
  }
  return { found: undefined, isWhole: false }
}

function letterOf(queue: string, { properties, content }: GetMessage): DeadLetter {
  const { 'x-delivery-count': _count, ...headers } = properties.headers ?? {}
  // Without the user, which RabbitMQ takes from that user alone. Through JSON, so that it compares with one that was archived.
  const kept = JSON.parse(JSON.stringify({ ...properties, headers, userId: undefined })) as JsonObject
  return { queue, properties: kept, content: content.toString('base64') }
}

/** The id of the task of a message. */
export function taskIdOf({ properties }: DeadLetter): string | undefined {
  const headers = headersOf(properties)
  const id = headers.id ?? properties.correlationId
  return typeof id === 'string' ? id : undefined
}

/** The bytes that are archived. */
export function encodeLetter(letter: DeadLetter): Buffer {
  return Buffer.from(JSON.stringify(letter))
}

/** Reads archived bytes. */
export function decodeLetter(bytes: Buffer): DeadLetter {
  return JSON.parse(bytes.toString()) as DeadLetter
}

/** Whether two messages are the same one. */
export function isSameLetter(one: DeadLetter, other: DeadLetter): boolean {
  return encodeLetter(one).equals(encodeLetter(other))
}

/** What lists show of a message: names, and why it was dead-lettered. Its other headers may quote arguments. */
export function aboutLetter({ queue, properties }: DeadLetter): JsonObject {
  const headers = headersOf(properties)
  const deaths = headers['x-death']
  const death = Array.isArray(deaths) && isObject(deaths[0]) ? deaths[0] : {}
  const named = (value: unknown) => (typeof value === 'string' ? cutText(value, LONGEST_NAME) : null)
  return {
    task: named(headers.task),
    queue: named(death.queue),
    reason: named(death.reason),
    dead_letter_queue: queue,
  }
}

function headersOf(properties: JsonObject): JsonObject {
  return isObject(properties.headers) ? (properties.headers as JsonObject) : {}
}
