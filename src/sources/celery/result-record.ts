import { isObject } from '../../kernel/json.ts'
import { rawMembers } from './raw-json.ts'

/** What a result record of Celery says of a task. */
export interface ResultRecord {
  readonly status: string
  /** Null where the backend is not `result_extended`, or the worker does not know the task. */
  readonly name: string | null
  readonly queue: string | null
  /** Set for a part of a group or chord. */
  readonly groupId: string | null
  /** Class of the exception, without its message. */
  readonly exception: string | null
  /** As text: each end of the task has another one. Null until it ends. */
  readonly doneAt: string | null
  /** The JSON of the arguments as it stands in the record; null where the record has none. */
  readonly args: string | null
  readonly kwargs: string | null
}

/** Key of the result record of a task. */
export function recordKey(keyPrefix: string, taskId: string): string {
  return `${keyPrefix}celery-task-meta-${taskId}`
}

/** Reads a result record; undefined for a text that is none. */
export function readRecord(text: string): ResultRecord | undefined {
  const members = rawMembers(text)
  if (members === undefined) return undefined
  const textIn = (name: string): string | null => {
    const value: unknown = JSON.parse(members.get(name) ?? 'null')
    return typeof value === 'string' ? value : null
  }
  const rawIn = (name: string, start: '[' | '{'): string | null => {
    const raw = members.get(name)
    return raw?.startsWith(start) ? raw : null
  }
  const status = textIn('status')
  if (status === null) return undefined
  const result: unknown = JSON.parse(members.get('result') ?? 'null')
  return {
    status,
    name: textIn('name'),
    queue: textIn('queue'),
    groupId: textIn('group_id'),
    exception: isObject(result) && typeof result.exc_type === 'string' ? result.exc_type : null,
    doneAt: textIn('date_done'),
    args: rawIn('args', '['),
    kwargs: rawIn('kwargs', '{'),
  }
}
