-- Heartbeats: what has to happen regularly, and reports when it has. A new table only, which gateways of the version before do not know.

CREATE TABLE teams_heartbeats (
  -- Name in the configuration.
  name             text           PRIMARY KEY,
  -- Increases with each change: a replica that decided by older values writes nothing.
  version          integer        NOT NULL DEFAULT 0,
  -- The end of the last run, or since when the heartbeat is watched: the next success is expected by it.
  waiting_since    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  -- The last time that a replica looked whether the heartbeat is late; and when that began again after no replica had.
  watched_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  unwatched_since  timestamptz(3),
  resumed_at       timestamptz(3),
  -- The last signal, and the last end of either kind.
  seen_at          timestamptz(3),
  succeeded_at     timestamptz(3),
  failed_at        timestamptz(3),
  -- The newest run that has started and not ended, and the start of the oldest one.
  started_at       timestamptz(3),
  run_id           text,
  unfinished_since timestamptz(3),
  -- The last run that has ended: its id and signal, by which a request that is repeated is recognised, and what it reported.
  last_run_id      text,
  last_signal      text,
  exit_code        integer,
  duration_ms      bigint,
  -- What is wrong: missed, overdue, failed; since when; and the event type that resolves its events.
  open             text[]         NOT NULL DEFAULT '{}',
  open_since       timestamptz(3),
  end_type         text
);
