SET LOCAL lock_timeout = '2s';

DROP INDEX teams_archive_event_idx;
