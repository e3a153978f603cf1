-- Tasks that an action queued again. A new table only, which gateways of the version before do not know.

CREATE TABLE teams_requeued_tasks (
  action_id   uuid           PRIMARY KEY,
  -- Name of the source in the configuration, and the id of the task there.
  source      text           NOT NULL,
  task_id     text           NOT NULL,
  -- The id under which it runs again: the same, or a new one where workers would discard that.
  new_task_id text           NOT NULL,
  queue       text           NOT NULL,
  -- date_done of its result record before: a record with another one is that of the new run.
  done_before text,
  -- claimed: about to be published, or published and not noted. published: the broker has it. ended: nothing follows.
  state       text           NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'published', 'ended')),
  claimed_at  timestamptz(3) NOT NULL DEFAULT now()
);
-- Of two actions on one task, of two events about it, one queues it.
CREATE UNIQUE INDEX teams_requeued_tasks_open_idx ON teams_requeued_tasks (source, task_id) WHERE state <> 'ended';
