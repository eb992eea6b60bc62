-- What a person does to many failures, chunk by chunk. Points in time are milliseconds, JSON is text. See BulkState in store/contract/bulk.ts.
create table warren_bulk_action (
  id text primary key,
  action text not null check (action in ('retry', 'discard', 'release')),
  -- the conditions that choose them
  filter text not null,
  -- what failed first at that time or later came after it began
  until_at integer not null,
  state text not null default 'running' check (state in ('running', 'done', 'cancelled', 'failed')),
  -- the key of the last failure that was looked at
  cursor_key text,
  -- counted at the start
  total integer not null,
  done integer not null default 0,
  -- failures per second, of late
  pace real,
  error text,
  requested_by text not null,
  requested_at integer not null,
  updated_at integer not null
) strict, without rowid;

create index warren_bulk_action_running on warren_bulk_action (id) where state = 'running';
