import type { ConfirmChannel } from 'amqplib'
import type { Kysely } from 'kysely'
import type { Archive } from '../../archive/archive.ts'
import type { ActionResult } from '../../contract/actions.ts'
import type { AmqpConnection } from '../../sources/celery/amqp-connection.ts'
import {
  aboutLetter,
  type DeadLetter,
  decodeLetter,
  encodeLetter,
  isSameLetter,
  searchQueue,
  taskIdOf,
} from '../../sources/celery/dead-letter.ts'
import { publishConfirmed } from '../../sources/celery/publish-task.ts'
import { SourceProblem } from '../../sources/source.ts'
import { findArchivedBy, findArchivedOf, moveArchived, type StoredArchived } from '../../store/archive.ts'
import { readTaskOf } from '../../store/requeued-tasks.ts'
import type { Tables } from '../../store/tables.ts'
import { inTransaction } from '../../store/transactions.ts'
import {
  type ActionProvider,
  type ProvidedEvent,
  type ProviderResult,
  type RunOptions,
  StillRunning,
} from '../provider.ts'
import { type CeleryTarget, ofSource } from './target.ts'

const KIND = 'celery.message'
/** Largest message that is archived. */
const MOST_BYTES = 16 * 2 ** 20

type Database = () => Kysely<Tables>

/** The Celery sources on RabbitMQ that have dead-letter queues. */
function withQueues(targets: readonly CeleryTarget[]): readonly CeleryTarget[] {
  return targets.filter(
    ({ definition }) => definition.broker.kind === 'rabbitmq' && definition.deadLetterQueues.length > 0,
  )
}

/**
 * Makes what does `discard` for dead-lettered messages: the message is archived, and then taken off its queue.
 *
 * It is acknowledged once the record is committed. A kill between the two leaves it in both; the process that takes the action over
 * finds the record by the action, and takes the same message off its queue.
 */
export function createDiscard(all: readonly CeleryTarget[], database: Database, archive: Archive): ActionProvider {
  const targets = withQueues(all)

  async function run(event: ProvidedEvent, { actionId, signal }: RunOptions): Promise<ProviderResult> {
    const task = await readTaskOf(database(), event)
    const target = task && ofSource(targets, task.origin)
    if (target === undefined) return refused('not_offered')
    const taskId = task?.taskId ?? event.correlationId
    const before = await findArchivedBy(database(), actionId)
    const kept = before && (await archive.open(database(), before))
    if (kept && 'why' in kept) return { state: 'unknown', data: dataOf(before) }
    const letter = kept && decodeLetter(kept.content)
    const isRight = (one: DeadLetter) => (letter ? isSameLetter(one, letter) : taskIdOf(one) === taskId)
    let archivedId = before?.id
    try {
      return await onBroker(target, signal, async (broker) => {
        let isWhole = true
        for (const queue of target.definition.deadLetterQueues) {
          const done = await broker.withChannel(async (channel) => {
            const search = await searchQueue(channel, queue, isRight, broker.received)
            if (search.found === undefined) {
              isWhole &&= search.isWhole
              return undefined
            }
            if (archivedId === undefined) {
              const content = encodeLetter(search.letter)
              if (content.length > MOST_BYTES) return refused('dead_letter_too_large')
              archivedId = await inTransaction(database(), (transaction) =>
                archive.keep(transaction, {
                  kind: KIND,
                  source: target.definition.name,
                  subject: taskId,
                  eventId: event.id,
                  actionId,
                  about: aboutLetter(search.letter),
                  content,
                }),
              )
              if (archivedId === undefined) return refused('archive_key_needed')
            }
            channel.ack(search.found)
            // Answered after the broker has the acknowledgement.
            await channel.checkQueue(queue)
            return { state: 'done', data: { archived: archivedId, queue } } as const
          }, signal)
          if (done !== undefined) return done
        }
        // Taken off its queue before, or by somebody else.
        if (archivedId !== undefined) return { state: 'done', data: { archived: archivedId } }
        return isWhole ? { state: 'done', data: { archived: null } } : refused('dead_letter_not_found')
      })
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      // It is in both; the next process takes it off its queue.
      if (archivedId !== undefined) throw new StillRunning()
      return refused(problemCode(error))
    }
  }

  return {
    action: 'discard',
    offers: ({ eventType }) => {
      if (targets.length === 0 || eventType !== 'celery.task.dlq') return { can: false, why: 'not_offered' }
      return archive.canKeep() ? { can: true } : { can: false, why: 'archive_key_needed' }
    },
    run,
    look: (event, _actionId, options) => run(event, options),
  }
}

/**
 * Makes what does `restore` for a discarded message: it goes back to the dead-letter queue that it was taken off, once. Nothing runs by
 * that. An event whose discard archived nothing is only restored.
 */
export function createRestore(all: readonly CeleryTarget[], database: Database, archive: Archive): ActionProvider {
  const targets = withQueues(all)

  async function read(record: StoredArchived | undefined): Promise<DeadLetter | ProviderResult> {
    const opened = record && (await archive.open(database(), record))
    if (opened === undefined || 'why' in opened) return refused('archive_key_needed')
    return decodeLetter(opened.content)
  }

  async function run(event: ProvidedEvent, { signal }: RunOptions): Promise<ProviderResult> {
    const record = await findArchivedOf(database(), event.id)
    if (record === undefined || record.state === 'restored') return { state: 'done', data: dataOf(record) }
    const target = targets.find(({ definition }) => definition.name === record.source)
    if (target === undefined) return refused('not_offered')
    if (record.state === 'restoring') return look(target, record, signal)
    const letter = await read(record)
    if ('state' in letter) return letter
    try {
      return await onBroker(target, signal, async (broker) => {
        const channel: ConfirmChannel = await broker.model.createConfirmChannel()
        if (!(await moveArchived(database(), record.id, 'kept', 'restoring'))) return refused('already_running')
        const published = await publishConfirmed(
          channel,
          letter.queue,
          Buffer.from(letter.content, 'base64'),
          letter.properties,
        )
        if (published.state === 'unknown')
          return { state: 'unknown', code: 'task_publish_unknown', data: dataOf(record) }
        await moveArchived(database(), record.id, 'restoring', published.state === 'published' ? 'restored' : 'kept')
        return published.state === 'published' ? { state: 'done', data: dataOf(record) } : refused(published.code)
      })
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      return refused(problemCode(error))
    }
  }

  /** Whether a message that may have been put back is in its queue. It is not published once more. */
  async function look(target: CeleryTarget, record: StoredArchived, signal: AbortSignal): Promise<ProviderResult> {
    const unknown = { state: 'unknown', code: 'task_publish_unknown', data: dataOf(record) } as const
    const letter = await read(record)
    if ('state' in letter) return unknown
    try {
      const isThere = await onBroker(target, signal, (broker) =>
        broker.withChannel(async (channel) => {
          const search = await searchQueue(channel, letter.queue, (one) => isSameLetter(one, letter), broker.received)
          return search.found !== undefined
        }, signal),
      )
      if (!isThere) return unknown
      await moveArchived(database(), record.id, 'restoring', 'restored')
      return { state: 'done', data: dataOf(record) }
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      return unknown
    }
  }

  return {
    action: 'restore',
    offers: ({ eventType }) =>
      targets.length > 0 && eventType === 'celery.task.dlq' ? { can: true } : { can: false, why: 'not_offered' },
    run,
    look: (event, _actionId, options) => run(event, options),
  }
}

async function onBroker<T>(
  { connections }: CeleryTarget,
  signal: AbortSignal,
  task: (broker: AmqpConnection) => Promise<T>,
): Promise<T> {
  const broker = await connections.broker(signal)
  try {
    if (broker.kind !== 'rabbitmq') throw new SourceProblem('refused')
    return await task(broker)
  } finally {
    broker.close()
  }
}

function problemCode({ code }: SourceProblem): ActionResult {
  return ['not_reached', 'no_answer', 'busy', 'tls_failed'].includes(code) ? 'broker_not_reached' : 'broker_refused'
}

function refused(code: ActionResult): ProviderResult {
  return { state: 'refused', code, data: null }
}

function dataOf(record: StoredArchived | undefined) {
  return { archived: record?.id ?? null }
}
