SET LOCAL lock_timeout = '2s';

-- The version before watches nothing; events of sources that are open stay open.
DROP TABLE teams_sources;
