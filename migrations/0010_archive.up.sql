-- The archive: messages and answers of other systems as they were, encrypted. A new table only, which gateways of the version before
-- do not know.

CREATE TABLE teams_archive (
  -- UUID version 7. The encrypted bytes are bound to it.
  id               uuid           PRIMARY KEY,
  -- What it is, such as celery.message.
  kind             text           NOT NULL,
  -- Name of the source in the configuration that it came from; null for none.
  source           text,
  -- The id by which the other system knows it, such as that of a task.
  subject          text           NOT NULL,
  -- The event and the action that it was kept for.
  event_id         uuid,
  action_id        uuid,
  -- What lists show of it, such as the queue. No patient data.
  about            jsonb          NOT NULL DEFAULT '{}',
  -- restoring: it is being put back, and whether it arrived is not known yet. restored: it is there again, which happens once.
  state            text           NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'restoring', 'restored')),
  -- The archive key that wraps the data key. Without the data key nobody can read the content.
  key_id           text,
  data_key         bytea,
  content          bytea          NOT NULL,
  -- Bytes of the content before it was encrypted.
  size             integer        NOT NULL,
  archived_at      timestamptz(3) NOT NULL DEFAULT now(),
  restored_at      timestamptz(3),
  -- For the hashes in audit entries; null once erased.
  salt             uuid           DEFAULT gen_random_uuid()
);
-- Encrypted bytes do not get shorter.
ALTER TABLE teams_archive ALTER COLUMN content SET STORAGE EXTERNAL;
-- One record for each action, also where a process that was killed is followed by another.
CREATE UNIQUE INDEX teams_archive_action_idx ON teams_archive (action_id);
CREATE INDEX teams_archive_subject_idx ON teams_archive (subject);
-- For a rewrap.
CREATE INDEX teams_archive_key_idx ON teams_archive (key_id, id);
-- For a restore: what a discard of its event archived.
CREATE INDEX teams_archive_event_idx ON teams_archive (event_id);
