SET LOCAL lock_timeout = '2s';

CREATE OR REPLACE FUNCTION teams_ensure_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
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
CREATE OR REPLACE FUNCTION teams_move_past_month() RETURNS text LANGUAGE plpgsql
  SET lock_timeout = '500ms' SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  parents CONSTANT text[] := ARRAY['teams_events', 'teams_notifications', 'teams_attempts'];
  parent  text;
  suffix  text;
  part    text;
  starts  timestamptz;
  ends    timestamptz;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('teams_ensure_partitions')) THEN
    RETURN NULL;
  END IF;
  FOR starts IN
    SELECT DISTINCT date_trunc('month', created_at) FROM (
      SELECT created_at FROM teams_events_default UNION ALL
      SELECT created_at FROM teams_notifications_default UNION ALL
      SELECT created_at FROM teams_attempts_default) AS strays
     WHERE created_at < date_trunc('month', now()) ORDER BY 1
  LOOP
    ends   := starts + interval '1 month';
    suffix := to_char(starts, '_YYYY_MM');
    CONTINUE WHEN EXISTS (SELECT 1 FROM teams_notifications_default
                           WHERE created_at >= starts AND created_at < ends AND state IN ('pending', 'sending'));
    -- A table of that name is somebody's, such as a month that was detached to be archived.
    CONTINUE WHEN EXISTS (SELECT 1 FROM unnest(parents) AS name WHERE to_regclass(name || suffix) IS NOT NULL);
    FOREACH parent IN ARRAY parents LOOP
      part := parent || suffix;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
      EXECUTE format('ALTER TABLE %I ADD CONSTRAINT month CHECK (created_at >= %L AND created_at < %L)', part, starts, ends);
      -- A generated column can not be inserted, so the columns are named.
      EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)
         INSERT INTO %I (%s) SELECT %5$s FROM moved',
        parent || '_default', starts, ends, part, teams_plain_columns(parent));
    END LOOP;
    FOREACH parent IN ARRAY parents LOOP
      part := parent || suffix;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
      EXECUTE format('ALTER TABLE %I DROP CONSTRAINT month', part);
    END LOOP;
    RETURN suffix;
  END LOOP;
  RETURN NULL;
END
$$;
CREATE OR REPLACE PROCEDURE teams_apply_retention(audit_days integer, card_days integer) LANGUAGE plpgsql AS $$
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

GRANT EXECUTE ON FUNCTION teams_ensure_partitions(integer), teams_move_past_month() TO PUBLIC;
DROP TABLE teams_audit_values;
DROP TABLE teams_audit_checkpoints;
DROP TABLE teams_audit_nodes;
DROP TABLE teams_audit_leaves;
DROP TABLE teams_audit_origins;
DROP TABLE teams_audit_entries;
DROP FUNCTION teams_audit_protect(regclass);
DROP FUNCTION teams_audit_refuse();
DROP FUNCTION teams_move_from_default(text, text, timestamptz, timestamptz);
DROP FUNCTION teams_audit_removed(text, timestamptz, bigint);
DROP FUNCTION teams_audit_body(text, text);
DROP FUNCTION teams_audit_body(text, text, text);
ALTER TABLE teams_resolutions DROP COLUMN salt;
ALTER TABLE teams_silences DROP COLUMN salt;
ALTER TABLE teams_replays DROP COLUMN salt;
ALTER TABLE teams_notifications DROP COLUMN salt, DROP COLUMN card_salt;
ALTER TABLE teams_events DROP COLUMN salt;
