-- Backfills: events of the ledger, sent once more to one subscription alone. Points in time are milliseconds, JSON is text,
-- as in 0002_reconciliation.sql. See BackfillState in store/backfill.ts.
create table warren.backfill (
  id uuid primary key,
  subscription text collate "C" not null,
  -- as a person asked for them
  patterns text not null,
  -- of the events in the ledger that match; null until they are counted
  names text,
  -- times as ids have them: since included, until excluded
  since_at bigint not null,
  until_at bigint not null,
  -- events per second; null for the default
  rate float8,
  state text collate "C" not null default 'running' check (state in ('running', 'paused', 'done', 'cancelled', 'failed')),
  -- every matching event up to this one is confirmed by the broker
  cursor_id uuid,
  -- estimated at the start; null until they are counted
  total bigint,
  sent bigint not null default 0,
  -- events per second, of late
  pace float8,
  held_by text collate "C",
  error text,
  requested_by text not null,
  requested_at bigint not null,
  updated_at bigint not null
) with (fillfactor = 50);

create index backfill_running on warren.backfill (id) where state = 'running';
