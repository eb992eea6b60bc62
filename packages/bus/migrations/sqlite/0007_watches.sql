-- Watches: what a person wants to see of certain events, in a certain time. Points in time are milliseconds, JSON is text, as in
-- 0002_reconciliation.sql. See Watch in store/contract/watch.ts.
create table warren_watch (
  name text primary key,
  patterns text not null,
  -- empty: of all
  entity_ids text not null,
  -- times as ids have them: from included, to excluded; null: open
  from_at integer,
  to_at integer,
  -- more than so many are an alarm; null: none is
  max_missing integer,
  max_parked integer,
  max_unhandled_ms integer,
  -- null: as the service says
  compensation text check (compensation in ('auto', 'off')),
  created_by text not null,
  created_at integer not null,
  changed_by text not null,
  changed_at integer not null
) strict, without rowid;
