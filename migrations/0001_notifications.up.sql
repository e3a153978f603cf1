-- The record of every event: what was accepted, for whom, every attempt, and what came of it.
--
-- All three record tables are partitioned by month, on the time the event was accepted, so that six years of
-- audit rows leave by dropping a table and not by deleting rows. An event, its notifications and their attempts
-- bear the same created_at, so they live and leave together. It has milliseconds and no finer part, because programs
-- hand it back to find the row again, and most of them have no finer clock.

CREATE TABLE teams_events (
  id             uuid        NOT NULL,
  event_type     text        NOT NULL,
  correlation_id text        NOT NULL,
  priority       text        NOT NULL CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO')),
  stakeholders   text[]      NOT NULL,
  data           jsonb       NOT NULL,
  language       text        CHECK (language IN ('en', 'ar')),
  -- Who sent it: library, http:<name of the token>, cli.
  origin         text        NOT NULL,
  occurred_at    timestamptz NOT NULL,
  created_at     timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX teams_events_correlation_id_idx ON teams_events (correlation_id);

CREATE TABLE teams_notifications (
  id              uuid        NOT NULL,
  correlation_id  text        NOT NULL,
  event_type      text        NOT NULL,
  stakeholders    text[]      NOT NULL,
  priority        text        NOT NULL,
  -- Host and path shape only: the rest of a webhook URL is a secret.
  webhook_url     text,
  card_payload    jsonb,
  -- When Teams first accepted it; null until then.
  sent_at         timestamptz,
  status_code     integer,
  retry_count     integer     NOT NULL DEFAULT 0,
  error_message   text,
  acknowledged_by text,
  acknowledged_at timestamptz,
  action_taken    text,
  action_data     jsonb,
  created_at      timestamptz(3) NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  event_id        uuid        NOT NULL,
  channel         text        NOT NULL,
  language        text        NOT NULL,
  state           text        NOT NULL DEFAULT 'pending',
  -- Why it is in that state: the name of an outcome, or "muted".
  reason          text,
  -- 0 for CRITICAL to 4 for INFO: what the drain sorts by.
  priority_rank   smallint    NOT NULL GENERATED ALWAYS AS (
    CASE priority WHEN 'CRITICAL' THEN 0 WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'LOW' THEN 3 ELSE 4 END
  ) STORED,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- Posts made so far, and how many of them failed for reasons that use up a retry.
  attempts        integer     NOT NULL DEFAULT 0,
  failures        integer     NOT NULL DEFAULT 0,
  -- Posts made while the channel's breaker was open, so that each waiting notification probes in its turn.
  probes          integer     NOT NULL DEFAULT 0,
  -- The turn that is sending it. A turn records only what it still holds.
  held_by         uuid,
  held_since      timestamptz,
  -- True when an attempt was cut off after it may have arrived.
  repeat          boolean     NOT NULL DEFAULT false,
  PRIMARY KEY (id, created_at),
  CONSTRAINT teams_notifications_priority_check CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO')),
  CONSTRAINT teams_notifications_retry_count_check CHECK (retry_count >= 0),
  CONSTRAINT teams_notifications_status_code_check CHECK (status_code BETWEEN 100 AND 599),
  CONSTRAINT teams_notifications_language_check CHECK (language IN ('en', 'ar')),
  CONSTRAINT teams_notifications_state_check
    CHECK (state IN ('pending', 'sending', 'accepted', 'posted', 'failed', 'digested', 'suppressed'))
) PARTITION BY RANGE (created_at);

CREATE INDEX teams_notifications_correlation_id_idx ON teams_notifications (correlation_id);
CREATE INDEX teams_notifications_type_time_idx ON teams_notifications (event_type, created_at DESC);
CREATE INDEX teams_notifications_priority_time_idx ON teams_notifications (priority, created_at DESC);
CREATE INDEX teams_notifications_event_idx ON teams_notifications (event_id);
CREATE INDEX teams_notifications_unacknowledged_idx ON teams_notifications (sent_at)
  WHERE priority IN ('CRITICAL', 'HIGH') AND acknowledged_at IS NULL AND sent_at IS NOT NULL;
-- The queue: a channel's waiting notifications in the order in which they are sent.
CREATE INDEX teams_notifications_due_idx ON teams_notifications (channel, priority_rank, created_at, id)
  WHERE state = 'pending';
CREATE INDEX teams_notifications_held_idx ON teams_notifications (channel, held_by)
  WHERE state = 'sending';
-- For lists, which go by id. Without these, a channel or a state that is rare is looked for in every row of every month.
CREATE INDEX teams_notifications_channel_id_idx ON teams_notifications (channel, id);
CREATE INDEX teams_notifications_unsent_idx ON teams_notifications (state, id)
  WHERE state NOT IN ('accepted', 'posted');
-- For retention: the cards that are still kept.
CREATE INDEX teams_notifications_card_idx ON teams_notifications (created_at)
  WHERE card_payload IS NOT NULL;

CREATE TABLE teams_attempts (
  notification_id uuid        NOT NULL,
  attempt         integer     NOT NULL CHECK (attempt >= 1),
  started_at      timestamptz NOT NULL,
  finished_at     timestamptz NOT NULL,
  outcome         text        NOT NULL,
  status_code     integer     CHECK (status_code BETWEEN 100 AND 599),
  error_code      text,
  message         text,
  repeat          boolean     NOT NULL DEFAULT false,
  held_by         uuid        NOT NULL,
  -- The notification's created_at.
  created_at      timestamptz(3) NOT NULL,
  -- held_by is part of the key: a turn that lost its hold still tells what it saw.
  PRIMARY KEY (notification_id, attempt, held_by, created_at)
) PARTITION BY RANGE (created_at);

-- What a channel can take right now, shared by all replicas.
CREATE TABLE teams_channels (
  key                  text PRIMARY KEY,
  tokens               double precision NOT NULL,
  refilled_at          timestamptz      NOT NULL DEFAULT now(),
  paused_until         timestamptz,
  breaker              text             NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half_open')),
  consecutive_failures integer          NOT NULL DEFAULT 0,
  consecutive_pauses   integer          NOT NULL DEFAULT 0,
  failed_probes        integer          NOT NULL DEFAULT 0,
  last_outcome         text,
  last_outcome_at      timestamptz,
  -- The turn that drains this channel, and until when it is believed to be alive. A turn that is woken while
  -- another holds the channel sets woken and leaves: the holder looks once more before it lets go.
  turn_by              uuid,
  turn_until           timestamptz,
  woken                boolean          NOT NULL DEFAULT false
);

-- First answers, given again for the same key. The key is kept as a hash: it may hold what a caller likes.
CREATE TABLE teams_idempotency_keys (
  key_hash    text PRIMARY KEY,
  event_id    uuid        NOT NULL,
  accepted_at timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL
);
CREATE INDEX teams_idempotency_keys_expires_at_idx ON teams_idempotency_keys (expires_at);

CREATE FUNCTION teams_set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at = clock_timestamp();
  RETURN NEW;
END
$$;

CREATE TRIGGER teams_notifications_updated_at BEFORE UPDATE ON teams_notifications
  FOR EACH ROW EXECUTE FUNCTION teams_set_updated_at();

CREATE VIEW teams_notifications_unacknowledged_critical AS
  SELECT id, correlation_id, event_type, priority, stakeholders, channel, sent_at, retry_count,
         extract(epoch FROM now() - sent_at)::bigint AS age_seconds
    FROM teams_notifications
   WHERE priority IN ('CRITICAL', 'HIGH')
     AND sent_at IS NOT NULL
     AND acknowledged_at IS NULL
   ORDER BY sent_at;

-- Makes the partitions from this month to months_ahead. Rows that arrived while a month had no partition are in
-- the default one, which keeps accepting whatever happens; they are moved into the month that is theirs.
-- It needs the default partitions for itself, and whoever asks for a table after it waits behind it: so it gives up
-- (55P03) soon, and before PostgreSQL looks for deadlocks, where a backup or somebody's long transaction reads them.
-- The months' bounds are written as text and read again: in other styles "IST" is written for India and read as Israel.
CREATE FUNCTION teams_ensure_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
  SET lock_timeout = '500ms' SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  parent  text;
  part    text;
  starts  timestamptz;
  ends    timestamptz;
  made    integer := 0;
BEGIN
  -- Replicas start together; one makes the tables, and the others go on without: the default partition is there.
  IF NOT pg_try_advisory_xact_lock(hashtext('teams_ensure_partitions')) THEN
    RETURN 0;
  END IF;
  FOREACH parent IN ARRAY ARRAY['teams_events', 'teams_notifications', 'teams_attempts'] LOOP
    IF to_regclass(parent || '_default') IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_default', parent);
    END IF;
    FOR month IN 0..months_ahead LOOP
      starts := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month)) AT TIME ZONE 'UTC';
      ends   := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month + 1)) AT TIME ZONE 'UTC';
      part   := parent || to_char(starts AT TIME ZONE 'UTC', '_YYYY_MM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
      IF parent = 'teams_notifications' THEN
        -- A generated column can not be inserted, so the columns are named.
        EXECUTE format(
          'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)
           INSERT INTO %I (%s) SELECT %s FROM moved',
          parent || '_default', starts, ends, part, teams_plain_columns(parent), teams_plain_columns(parent));
      ELSE
        EXECUTE format(
          'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)
           INSERT INTO %I SELECT * FROM moved', parent || '_default', starts, ends, part);
      END IF;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

CREATE FUNCTION teams_plain_columns(parent text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM pg_attribute
   WHERE attrelid = parent::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
$$;

-- Drops the months that are wholly older than audit_days, and forgets the cards of finished notifications that
-- are older than card_days. A month in which something still waits stays: what was accepted is not lost to tidying.
--
-- Commits as it goes, so it can not be called inside a transaction: to drop a month locks the whole table, and that
-- must neither wait long (everybody would wait behind it; it gives up with 55P03) nor last while other work is done.
CREATE PROCEDURE teams_apply_retention(audit_days integer, card_days integer) LANGUAGE plpgsql AS $$
DECLARE
  suffix text;
  waits  boolean;
BEGIN
  UPDATE teams_notifications SET card_payload = NULL
   WHERE card_payload IS NOT NULL
     AND created_at < now() - make_interval(days => card_days)
     AND state IN ('accepted', 'posted', 'failed', 'digested', 'suppressed');
  DELETE FROM teams_idempotency_keys WHERE expires_at < now();
  COMMIT;
  FOR suffix IN
    SELECT substring(relname FROM '_\d{4}_\d{2}$')
      FROM pg_class
     WHERE relname ~ '^teams_notifications_\d{4}_\d{2}$'
       AND relkind = 'r'
       AND pg_table_is_visible(oid)
       AND to_date(right(relname, 7), 'YYYY_MM') + interval '1 month'
           <= (now() - make_interval(days => audit_days)) AT TIME ZONE 'UTC'
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE state = ''pending'')
                        OR EXISTS (SELECT 1 FROM %1$I WHERE state = ''sending'')',
                   'teams_notifications' || suffix) INTO waits;
    CONTINUE WHEN waits;
    PERFORM set_config('lock_timeout', '500ms', true);
    EXECUTE format('DROP TABLE IF EXISTS %I, %I, %I', 'teams_notifications' || suffix,
                   'teams_events' || suffix, 'teams_attempts' || suffix);
    -- A key that outlived its event would give an answer to what is stored nowhere.
    DELETE FROM teams_idempotency_keys
     WHERE accepted_at < (to_date(right(suffix, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
    COMMIT;
  END LOOP;
END
$$;

SELECT teams_ensure_partitions(3);
