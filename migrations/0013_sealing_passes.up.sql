-- A backlog of audit entries is sealed in passes: batches in the order of the entries' ids, each of which reads its own entries
-- only. Gateways of the version before seal on from any checkpoint that this version makes, and the reverse; only statements that
-- take the lock wait for transactions that use the table.
SET LOCAL lock_timeout = '2s';

-- A transaction gets its number before the ids of its entries. Without that, an entry of a transaction that began after a snapshot
-- could have an id from before it, and a pass that begins at that id would miss it.
ALTER TABLE teams_audit_entries ALTER COLUMN id SET DEFAULT
  CASE WHEN pg_current_xact_id() IS NULL THEN NULL ELSE nextval('teams_audit_entries_id_seq') END;

ALTER TABLE teams_audit_checkpoints
  -- The newest id at a moment before pass_snapshot was taken, or snapshot where no pass goes on: entries of transactions that began
  -- after it have higher ids. Null in checkpoints of the version before.
  ADD COLUMN last_id       bigint,
  -- The pass that goes on, null for none: once it has come to pass_until, the entries that this snapshot sees are sealed.
  ADD COLUMN pass_snapshot pg_snapshot,
  -- How far the pass has come, and its end.
  ADD COLUMN pass_after    bigint,
  ADD COLUMN pass_until    bigint;
