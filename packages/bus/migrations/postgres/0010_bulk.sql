-- What a person does to many failures, chunk by chunk. Points in time are milliseconds, JSON is text. See BulkState in store/contract/bulk.ts.
create table warren.bulk_action (
  id uuid primary key,
  action text collate "C" not null check (action in ('retry', 'discard', 'release')),
  -- the conditions that choose them
  filter text not null,
  -- what failed first at that time or later came after it began
  until_at bigint not null,
  state text collate "C" not null default 'running' check (state in ('running', 'done', 'cancelled', 'failed')),
  -- the key of the last failure that was looked at
  cursor_key text,
  -- counted at the start
  total bigint not null,
  done bigint not null default 0,
  -- failures per second, of late
  pace float8,
  error text,
  requested_by text not null,
  requested_at bigint not null,
  updated_at bigint not null
) with (fillfactor = 50);

create index bulk_action_running on warren.bulk_action (id) where state = 'running';
