-- The audit trail: an entry for every change of state, and the Merkle tree (RFC 6962) over all entries.
--
-- Gateways of the version before go on working while this is applied and after it. They write no entries; `audit verify`
-- reports their changes as those of an earlier version. Adding a column waits for the transactions that use the table, and
-- all others wait behind it; so it gives up soon (55P03), and the migrator tries again.
SET LOCAL lock_timeout = '2s';

-- 16 random bytes beside a value, whose hash stands in an entry. Erased with the value, they make the hash worthless. Null in
-- rows of the version before.
ALTER TABLE teams_events ADD COLUMN salt uuid;
ALTER TABLE teams_notifications
  -- For error_message and webhook_url, and for the messages of the notification's attempts.
  ADD COLUMN salt      uuid,
  -- For card_payload; another one for each card, because cards are erased first.
  ADD COLUMN card_salt uuid;
ALTER TABLE teams_replays ADD COLUMN salt uuid;
ALTER TABLE teams_silences ADD COLUMN salt uuid;
-- For dedup_key: an unsalted hash, from which a correlation id can be guessed.
ALTER TABLE teams_resolutions ADD COLUMN salt uuid;

-- Not an identity column, which a partition can not have when it is attached. CACHE 1: of two changes of one row, the
-- later has the entry with the higher id.
CREATE SEQUENCE teams_audit_entries_id_seq CACHE 1;

CREATE TABLE teams_audit_entries (
  id         bigint         NOT NULL DEFAULT nextval('teams_audit_entries_id_seq'),
  -- When the transaction began.
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- The transaction, by which the sealer tells which entries have become visible since it last looked.
  xid        xid8           NOT NULL DEFAULT pg_current_xact_id(),
  -- The event, notification or silence that the entry is about, which its bytes name too.
  subject    uuid,
  -- The entry itself: docs/reference/audit-entries.md.
  body       bytea          NOT NULL,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
ALTER SEQUENCE teams_audit_entries_id_seq OWNED BY teams_audit_entries.id;
CREATE INDEX teams_audit_entries_xid_idx ON teams_audit_entries (xid);
-- Also those without a subject: among them `audit verify` looks for entries of retention and of adopted months. Two partial
-- indexes take more CPU, because each INSERT prepares their conditions.
CREATE INDEX teams_audit_entries_subject_idx ON teams_audit_entries (subject, id);

-- The bytes of an entry. `nonce` are 32 hexadecimal digits; `fields` is the text of a JSON object without its opening brace.
CREATE FUNCTION teams_audit_body(kind text, nonce text, fields text) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT convert_to('{"v":1,"kind":"' || kind || '","at":"'
                    || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
                    || '","nonce":"' || nonce || '",' || fields, 'UTF8')
$$;
-- With a nonce of its own.
CREATE FUNCTION teams_audit_body(kind text, fields text) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT teams_audit_body(kind, replace(gen_random_uuid()::text, '-', ''), fields)
$$;

-- Values that an entry has as a hash and that no other row has, such as who read a card. They may be erased; the entry stays.
CREATE TABLE teams_audit_values (
  entry_id bigint NOT NULL,
  field    text   NOT NULL,
  salt     uuid   NOT NULL,
  value    text   NOT NULL,
  PRIMARY KEY (entry_id, field)
);
-- The last configuration and the last secrets, with which a start compares its own.
CREATE INDEX teams_audit_values_baseline_idx ON teams_audit_values (field, entry_id)
 WHERE field IN ('configuration', 'fingerprints');

-- Trees, each with the name that its checkpoints bear. The second begins where entries were lost, after a restore.
CREATE TABLE teams_audit_origins (
  id       integer     PRIMARY KEY,
  origin   text        NOT NULL UNIQUE,
  begun_at timestamptz NOT NULL DEFAULT now()
);

-- The sealed entries in the order of the tree. Leaves stay when their entries have gone with the record.
CREATE TABLE teams_audit_leaves (
  origin_id  integer        NOT NULL,
  leaf_index bigint         NOT NULL,
  entry_id   bigint         NOT NULL,
  entry_at   timestamptz(3) NOT NULL,
  hash       bytea          NOT NULL,
  PRIMARY KEY (origin_id, leaf_index)
);
CREATE UNIQUE INDEX teams_audit_leaves_entry_idx ON teams_audit_leaves (entry_id);

-- Roots of complete subtrees of 256, 65,536 … leaves (level 1, 2 …), so that a proof reads few rows.
CREATE TABLE teams_audit_nodes (
  origin_id  integer NOT NULL,
  level      integer NOT NULL,
  node_index bigint  NOT NULL,
  hash       bytea   NOT NULL,
  PRIMARY KEY (origin_id, level, node_index)
);

-- What was sealed, and when. `note` is the signed checkpoint; null while there is no key.
CREATE TABLE teams_audit_checkpoints (
  id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin_id integer     NOT NULL,
  size      bigint      NOT NULL,
  root      bytea       NOT NULL,
  note      text,
  sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The entries that this snapshot sees are sealed; false where there were too many for one sealing.
  snapshot  pg_snapshot NOT NULL,
  complete  boolean     NOT NULL,
  -- The server and database to whose transactions the snapshot belongs: others after a dump was restored.
  cluster   text        NOT NULL
);
CREATE INDEX teams_audit_checkpoints_size_idx ON teams_audit_checkpoints (origin_id, size);

-- Prevention, and no evidence: a superuser passes it, which `audit verify` then shows.
CREATE FUNCTION teams_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('teams.moving_month', true) = 'on'
     AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'the audit trail is only added to: % of % is refused', lower(TG_OP), TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Statement triggers on a partitioned table do not fire for statements that name a partition, so each one has its own.
CREATE FUNCTION teams_audit_protect(protected regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER teams_audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION teams_audit_refuse()', protected);
END
$$;
SELECT teams_audit_protect('teams_audit_entries');
SELECT teams_audit_protect('teams_audit_leaves');
SELECT teams_audit_protect('teams_audit_nodes');
SELECT teams_audit_protect('teams_audit_checkpoints');
SELECT teams_audit_protect('teams_audit_origins');

-- Moves the rows of a period from a default partition to a table that is attached next. Entries of the audit trail are
-- protected from DELETE, but for their owner while a month is moved. (The owner could also drop the trigger. To disable it
-- here was rejected: that needs the table for itself, which the calling function is reading.)
CREATE FUNCTION teams_move_from_default(parent text, part text, starts timestamptz, ends timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('teams.moving_month', 'on', true);
  -- A generated column can not be inserted, so the columns are named.
  EXECUTE format(
    'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *)
     INSERT INTO %I (%s) SELECT %5$s FROM moved',
    parent || '_default', starts, ends, part, teams_plain_columns(parent));
  PERFORM set_config('teams.moving_month', 'off', true);
END
$$;

-- As before, for the entries too.
CREATE OR REPLACE FUNCTION teams_ensure_partitions(months_ahead integer) RETURNS integer LANGUAGE plpgsql
  SET lock_timeout = '500ms' SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  parent  text;
  part    text;
  starts  timestamptz;
  ends    timestamptz;
  strays  boolean;
  made    integer := 0;
BEGIN
  -- Replicas start together; one makes the tables, and the others go on without: the default partition is there.
  IF NOT pg_try_advisory_xact_lock(hashtext('teams_ensure_partitions')) THEN
    RETURN 0;
  END IF;
  FOREACH parent IN ARRAY ARRAY['teams_events', 'teams_notifications', 'teams_attempts', 'teams_audit_entries'] LOOP
    IF to_regclass(parent || '_default') IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_default', parent);
      IF parent = 'teams_audit_entries' THEN
        PERFORM teams_audit_protect('teams_audit_entries_default');
      END IF;
    END IF;
    FOR month IN 0..months_ahead LOOP
      starts := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month)) AT TIME ZONE 'UTC';
      ends   := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month + 1)) AT TIME ZONE 'UTC';
      part   := parent || to_char(starts AT TIME ZONE 'UTC', '_YYYY_MM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
      EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE created_at >= %L AND created_at < %L)',
                     parent || '_default', starts, ends) INTO strays;
      IF strays THEN
        PERFORM teams_move_from_default(parent, part, starts, ends);
      END IF;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
      IF parent = 'teams_audit_entries' THEN
        PERFORM teams_audit_protect(part::regclass);
      END IF;
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- As before, for the entries too.
CREATE OR REPLACE FUNCTION teams_move_past_month() RETURNS text LANGUAGE plpgsql
  SET lock_timeout = '500ms' SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  parents CONSTANT text[] := ARRAY['teams_events', 'teams_notifications', 'teams_attempts', 'teams_audit_entries'];
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
      SELECT created_at FROM teams_attempts_default UNION ALL
      SELECT created_at FROM teams_audit_entries_default) AS strays
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
      PERFORM teams_move_from_default(parent, part, starts, ends);
    END LOOP;
    FOREACH parent IN ARRAY parents LOOP
      part := parent || suffix;
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, starts, ends);
      EXECUTE format('ALTER TABLE %I DROP CONSTRAINT month', part);
      IF parent = 'teams_audit_entries' THEN
        PERFORM teams_audit_protect(part::regclass);
      END IF;
    END LOOP;
    INSERT INTO teams_audit_entries (body)
    VALUES (teams_audit_body('record.month_moved', format('"month":"%s"}', to_char(starts, 'YYYY-MM'))));
    RETURN suffix;
  END LOOP;
  RETURN NULL;
END
$$;

-- The entry of rows that retention removed.
CREATE FUNCTION teams_audit_removed(removed_from text, before timestamptz, rows_removed bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO teams_audit_entries (body)
  VALUES (teams_audit_body('record.removed', format('"table":"%s","before":"%s","count":%s}', removed_from,
            to_char(before AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), rows_removed)))
$$;

-- As before, with an entry for what was removed. The entries of a month leave with its record; their leaves stay.
CREATE OR REPLACE PROCEDURE teams_apply_retention(audit_days integer, card_days integer) LANGUAGE plpgsql AS $$
DECLARE
  suffix  text;
  waits   boolean;
  removed bigint;
  ends    timestamptz;
BEGIN
  UPDATE teams_notifications SET card_payload = NULL, card_salt = NULL
   WHERE card_payload IS NOT NULL
     AND created_at < now() - make_interval(days => card_days)
     AND state IN ('accepted', 'posted', 'failed', 'digested', 'suppressed');
  GET DIAGNOSTICS removed = ROW_COUNT;
  IF removed > 0 THEN
    PERFORM teams_audit_removed('teams_notifications.card_payload', now() - make_interval(days => card_days), removed);
  END IF;
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
    ends := (to_date(right(suffix, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
    EXECUTE format('SELECT count(*) FROM %I', 'teams_notifications' || suffix) INTO removed;
    PERFORM set_config('lock_timeout', '500ms', true);
    EXECUTE format('DROP TABLE IF EXISTS %I, %I, %I, %I', 'teams_notifications' || suffix,
                   'teams_events' || suffix, 'teams_attempts' || suffix, 'teams_audit_entries' || suffix);
    PERFORM teams_audit_removed('teams_notifications', ends, removed);
    -- The newest configuration and the newest fingerprints stay, whatever their age: the next start compares its own with them.
    DELETE FROM teams_audit_values v
     WHERE v.entry_id < (SELECT coalesce(min(id), 0) FROM teams_audit_entries)
       AND (v.field NOT IN ('configuration', 'fingerprints')
            OR v.entry_id < (SELECT max(n.entry_id) FROM teams_audit_values n WHERE n.field = v.field));
    -- A key that outlived its event would give an answer to what is stored nowhere.
    DELETE FROM teams_idempotency_keys
     WHERE accepted_at < ends;
    COMMIT;
  END LOOP;
END
$$;

-- A user who may only add to the record can not make tables. With these two rights of their owner, the gateway needs no more.
REVOKE EXECUTE ON FUNCTION teams_ensure_partitions(integer), teams_move_past_month() FROM PUBLIC;
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION teams_ensure_partitions(integer) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
  EXECUTE format('ALTER FUNCTION teams_move_past_month() SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END
$$;

SELECT teams_ensure_partitions(3);
