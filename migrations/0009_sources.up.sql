-- Sources: outside systems that the gateway watches, and those that send webhooks. New tables only, which gateways of the version
-- before do not know.

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

-- The events of groups of alerts, in the order in which their webhooks were accepted. Without it the newest event of a group would be
-- looked for among all events with its correlation id, which callers may send too, and an index for that would have to be built on
-- every month.
CREATE TABLE teams_alert_events (
  -- By it a group's events are in order: webhooks of one group are accepted one after the other. created_at is when the transaction
  -- began, which may be before it waited for another.
  id               bigint         GENERATED ALWAYS AS IDENTITY,
  correlation_id   text           NOT NULL,
  event_id         uuid           NOT NULL,
  -- Its month, as the event has it.
  event_created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- False for an event that says that the group is resolved.
  is_firing        boolean        NOT NULL,
  PRIMARY KEY (correlation_id, id)
);
-- For the removal of rows that are no longer read.
CREATE INDEX teams_alert_events_created_idx ON teams_alert_events (event_created_at);
