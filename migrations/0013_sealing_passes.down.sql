SET LOCAL lock_timeout = '2s';

-- The version before seals the rest of a pass from the snapshot of the last checkpoint, as it does after its own.
ALTER TABLE teams_audit_checkpoints
  DROP COLUMN pass_until,
  DROP COLUMN pass_after,
  DROP COLUMN pass_snapshot,
  DROP COLUMN last_id;
ALTER TABLE teams_audit_entries ALTER COLUMN id SET DEFAULT nextval('teams_audit_entries_id_seq');
