import { type Kysely, sql } from 'kysely'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A task that an action queues again. */
export interface RequeuedTask {
  readonly actionId: string
  /** Name of the source in the configuration. */
  readonly source: string
  readonly taskId: string
  /** The id under which it runs again. */
  readonly newTaskId: string
  readonly queue: string
  /** `date_done` of its result record before. */
  readonly doneBefore: string | null
}

/** A {@link RequeuedTask} with how far it is. */
export interface StoredRequeuedTask extends RequeuedTask {
  readonly state: 'claimed' | 'published' | 'ended'
}

/** Claims a task for an action; false where another action has it. */
export async function claimTask(db: Kysely<Tables>, task: RequeuedTask): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'task.claimed',
      'claimed',
      sql`
      INSERT INTO teams_requeued_tasks AS q (action_id, source, task_id, new_task_id, queue, done_before)
      VALUES (${task.actionId}::uuid, ${task.source}::text, ${task.taskId}::text, ${task.newTaskId}::text,
              ${task.queue}::text, ${task.doneBefore}::text)
      ON CONFLICT DO NOTHING`,
    )} SELECT 1 FROM claimed`.execute(db)
  return rows.length > 0
}

/** Notes that the broker has the task, or that nothing follows any more. */
export async function noteRequeued(db: Kysely<Tables>, actionId: string, state: 'published' | 'ended'): Promise<void> {
  await sql`
    WITH ${changeRows(
      'task.noted',
      'noted',
      sql`UPDATE teams_requeued_tasks q SET state = ${state}::text WHERE action_id = ${actionId}::uuid`,
    )} SELECT 1`.execute(db)
}

/** The task that an action claimed; undefined where it claimed none. */
export async function readRequeued(db: Kysely<Tables>, actionId: string): Promise<StoredRequeuedTask | undefined> {
  const { rows } = await sql<StoredRequeuedTask>`
    SELECT q.action_id AS "actionId", q.source, q.task_id AS "taskId", q.new_task_id AS "newTaskId", q.queue,
           q.done_before AS "doneBefore", q.state
      FROM teams_requeued_tasks q WHERE q.action_id = ${actionId}::uuid`.execute(db)
  return rows[0]
}

/** Who sent an event, and the task that its data name; undefined where retention has removed it. */
export async function readTaskOf(
  db: Kysely<Tables>,
  { id, createdAt }: { readonly id: string; readonly createdAt: Date },
): Promise<{ readonly origin: string; readonly taskId: string | null } | undefined> {
  const { rows } = await sql<{ origin: string; taskId: string | null }>`
    SELECT e.origin, e.data ->> 'task_id' AS "taskId"
      FROM teams_events e WHERE e.id = ${id}::uuid AND e.created_at = ${createdAt}::timestamptz`.execute(db)
  return rows[0]
}
