-- A restore looks for what a discard of its event archived.
CREATE INDEX teams_archive_event_idx ON teams_archive (event_id);
