SET LOCAL lock_timeout = '2s';

-- The version before pages nobody; alerts that are open at a service stay open there.
DROP TABLE teams_pages;
DROP TABLE teams_pagers;
