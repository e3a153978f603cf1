/** Why a task of Celery was not queued again, or what came of it: a part of `ACTION_RESULTS`. */
export const TASK_RESULTS = {
  task_not_listed: {
    title: 'This task may not be retried from here',
    todo: 'Add its name to retry_tasks of the source, if running it twice does no harm.',
  },
  task_record_missing: {
    title: 'The result backend has no record of the task any more',
    todo: 'Start it in your application. Records are kept for result_expires, a day by default.',
  },
  task_arguments_missing: {
    title: 'The result record does not have the arguments of the task',
    todo: 'Start it in your application. With result_extended = True, Celery keeps name and arguments of the tasks to come.',
  },
  task_not_registered: {
    title: 'No worker knows this task',
    todo: 'Deploy workers that have it, and start it in your application: its record has no arguments.',
  },
  task_in_group: {
    title: 'The task is part of a group or chord, whose end would not run',
    todo: 'Start the group or chord again in your application.',
  },
  task_succeeded: { title: 'The task has succeeded meanwhile', todo: 'Nothing.' },
  task_not_ended: {
    title: 'The task has not ended: it waits or runs, or was lost while it ran',
    todo: 'Wait for its end. If its worker is gone, look whether its work was done, and start it in your application.',
  },
  task_in_flight: {
    title: 'A worker has a message of this task',
    todo: 'Wait until it has ended. A message whose worker is gone comes back after the visibility timeout.',
  },
  task_queue_missing: {
    title: 'The broker does not have the queue of the task',
    todo: 'Start a worker that consumes the queue, then try again.',
  },
  broker_refused: {
    title: 'The broker or the result backend refused the gateway',
    todo: 'Nothing was queued. Give its user the rights of docs/guides/celery.md.',
  },
  broker_not_reached: {
    title: 'The broker or the result backend can not be reached',
    todo: 'Nothing was queued. Try again once it answers.',
  },
  task_publish_unknown: {
    title: 'The broker did not confirm the message: the task may be queued',
    todo: 'Look in its queue and at its workers before you try again. A broker with an alarm for memory or disk confirms nothing.',
  },
  archive_key_needed: {
    title: 'No archive key is set, so the message could not be kept',
    todo: 'Set TEAMS_ARCHIVE_KEYS, then try again. docs/guides/archive.md says how.',
  },
  dead_letter_not_found: {
    title: 'The message is not among the first in its dead-letter queues',
    todo: 'Nothing was discarded. Make the queue shorter, then try again.',
  },
  dead_letter_too_large: {
    title: 'The message is larger than what is archived',
    todo: 'Nothing was discarded. Take it off its queue by hand.',
  },
  task_failed_again: { title: 'The task ran again and failed', todo: 'Look at its new failure.' },
  task_not_finished: {
    title: 'The task is queued again, and has not ended within an hour',
    todo: 'Look at its queue and its workers. It need not be queued once more.',
  },
} as const
