SET LOCAL lock_timeout = '2s';

-- The version before queues no tasks.
DROP TABLE teams_requeued_tasks;
