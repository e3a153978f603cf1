-- Sources: outside systems that the gateway watches. A new table only, which gateways of the version before do not know.

CREATE TABLE teams_sources (
  -- Name in the configuration.
  name         text           PRIMARY KEY,
  -- With another kind, the checkpoint begins anew.
  kind         text           NOT NULL,
  -- Host and process id of the replica that runs it, and the end of its lease; null while none does.
  holder       text,
  lease_until  timestamptz,
  -- Increases with each lease. A replica writes only while this is the number of its own lease.
  fence        integer        NOT NULL DEFAULT 0,
  -- How far the source has read, and what is open; written in the transaction of the events that follow from it.
  checkpoint   jsonb          NOT NULL DEFAULT '{}',
  -- The last time that the source saw its system, and since when it does not; null while it does.
  seen_at      timestamptz(3),
  unseen_since timestamptz(3),
  -- Since when it has been unseen, once gateway.source.blind was written; null once gateway.source.recovered was.
  blind_since  timestamptz(3),
  -- Why it can not see: docs/reference/source-codes.md.
  code         text
);
