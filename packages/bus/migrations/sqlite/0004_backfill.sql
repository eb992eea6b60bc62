-- Backfills: events of the ledger, sent once more to one subscription alone. Points in time are milliseconds, JSON is text,
-- as in 0002_reconciliation.sql. See BackfillState in store/backfill.ts.
create table warren_backfill (
  id text primary key,
  subscription text not null,
  -- as a person asked for them
  patterns text not null,
  -- of the events in the ledger that match; null until they are counted
  names text,
  -- times as ids have them: since included, until excluded
  since_at integer not null,
  until_at integer not null,
  -- events per second; null for the default
  rate real,
  state text not null default 'running' check (state in ('running', 'paused', 'done', 'cancelled', 'failed')),
  -- every matching event up to this one is confirmed by the broker
  cursor_id text,
  -- estimated at the start; null until they are counted
  total integer,
  sent integer not null default 0,
  -- events per second, of late
  pace real,
  held_by text,
  error text,
  requested_by text not null,
  requested_at integer not null,
  updated_at integer not null
) strict, without rowid;

create index warren_backfill_running on warren_backfill (id) where state = 'running';
