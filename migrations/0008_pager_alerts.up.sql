-- Pager alerts: what PagerDuty and Jira Service Management are told about events, and what they answered. New tables
-- only, which gateways of the version before do not know.

-- The call budget of each pager of the configuration, shared by all replicas.
CREATE TABLE teams_pagers (
  name         text             PRIMARY KEY,
  -- Calls that may be made at once; refilled by the time since refilled_at.
  tokens       double precision NOT NULL,
  refilled_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
  -- The service answered 429: nothing is sent to it until then.
  paused_until timestamptz
);

CREATE TABLE teams_pager_alerts (
  id               uuid           PRIMARY KEY,
  event_id         uuid           NOT NULL,
  event_created_at timestamptz(3) NOT NULL,
  -- Name of the pager in the configuration.
  pager            text           NOT NULL,
  priority         text           NOT NULL CHECK (priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO')),
  priority_rank    smallint       NOT NULL GENERATED ALWAYS AS
    (CASE priority WHEN 'CRITICAL' THEN 0 WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'LOW' THEN 3 ELSE 4 END) STORED,
  -- Pager alerts of one pager with equal fingerprints may be folded into one.
  fingerprint      text,
  -- Tier of the escalation policy that asked for the pager alert.
  tier             integer        NOT NULL,
  -- What the service told: accepted the request, opened an alert, somebody acknowledged it there, it was resolved there.
  -- failed, folded and skipped are ends on our side.
  state            text           NOT NULL DEFAULT 'pending' CHECK
    (state IN ('pending', 'accepted', 'opened', 'acknowledged', 'resolved', 'failed', 'folded', 'skipped')),
  -- What the service is to know, and the last of it that it accepted.
  wanted           text           NOT NULL DEFAULT 'trigger' CHECK (wanted IN ('trigger', 'acknowledge', 'resolve')),
  told             text           CHECK (told IN ('trigger', 'acknowledge', 'resolve')),
  -- Why it failed, or why the last request has to be made again: docs/reference/pager-alert-codes.md.
  code             text,
  status_code      integer,
  folded_into      uuid,
  -- Alerts that the event has had at the service, this one included. One that was acknowledged there notifies nobody again, so the
  -- next trigger opens another one.
  generation       integer        NOT NULL DEFAULT 1,
  -- An asynchronous request whose status has to be asked for, and what it asks for.
  request_id       text,
  requested        text           CHECK (requested IN ('trigger', 'acknowledge', 'resolve')),
  -- Requests that were begun, and failed ones in a row.
  attempts         integer        NOT NULL DEFAULT 0,
  failures         integer        NOT NULL DEFAULT 0,
  -- When it is sent or asked for next; null where nothing is to be done. While a process works on it (lease_by), the end of the
  -- lease: then another process sends it again, which the service joins by the key of the alert.
  next_attempt_at  timestamptz    DEFAULT now(),
  lease_by         uuid,
  accepted_at      timestamptz(3),
  opened_at        timestamptz(3),
  acknowledged_at  timestamptz(3),
  acknowledged_by  text,
  resolved_at      timestamptz(3),
  created_at       timestamptz(3) NOT NULL DEFAULT now(),
  updated_at       timestamptz(3) NOT NULL DEFAULT now(),
  -- For acknowledged_by.
  salt             uuid,
  UNIQUE (event_id, pager)
);
CREATE INDEX teams_pager_alerts_due_idx ON teams_pager_alerts (pager, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX teams_pager_alerts_folded_idx ON teams_pager_alerts (folded_into) WHERE state = 'folded';
CREATE INDEX teams_pager_alerts_created_idx ON teams_pager_alerts (created_at);
