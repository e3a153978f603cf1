SET LOCAL lock_timeout = '2s';

-- The version before takes no heartbeats; events that are open stay open.
DROP TABLE teams_heartbeats;
