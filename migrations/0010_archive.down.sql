SET LOCAL lock_timeout = '2s';

-- Refused while the archive has records: what they keep is nowhere else. "claimlinc-teams archive list" shows them.
DO $$ BEGIN
  IF EXISTS (SELECT FROM teams_archive) THEN
    RAISE EXCEPTION 'teams_archive has records, which exist nowhere else' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;
DROP TABLE teams_archive;
