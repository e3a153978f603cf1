SET LOCAL lock_timeout = '2s';

-- The version before opens no alerts at a service; those that are open there stay open.
DROP TABLE teams_pager_alerts;
DROP TABLE teams_pagers;
