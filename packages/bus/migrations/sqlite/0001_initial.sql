-- Points in time are integers: milliseconds since the epoch. JSON is text.

-- Every event that was ever published. Rows are never updated.
create table warren_outbox (
  id text not null primary key,
  name text not null,
  entity_id text not null,
  source text not null,
  payload text not null,
  headers text not null,
  is_optional integer not null,
  created_at integer not null
) strict;

create index warren_outbox_entity on warren_outbox (entity_id, id);

-- What the relay still has to send; every row is deleted again.
create table warren_outbox_pending (
  state text not null default 'pending' check (state in ('pending', 'unroutable', 'unpublishable')),
  id text not null,
  bucket integer not null,
  name text not null,
  attempts integer not null default 0,
  -- 0: at once
  due_at integer not null default 0,
  error text,
  primary key (state, id)
) strict, without rowid;

create index warren_outbox_pending_unroutable on warren_outbox_pending (name, id) where state = 'unroutable';

-- Which message a subscription has handled.
create table warren_inbox (
  subscription text not null,
  message_id text not null,
  name text not null,
  source text not null,
  status text not null check (status in ('handled', 'retrying', 'parked', 'discarded')),
  received_at integer not null,
  -- when the status became final: handled or discarded
  settled_at integer,
  primary key (subscription, message_id)
) strict, without rowid;

create index warren_inbox_unhandled on warren_inbox (subscription, status, message_id) where status <> 'handled';

-- How often a redelivered message was handed to a handler; parked when it takes the process down too often.
create table warren_inbox_start (
  subscription text not null,
  message_id text not null,
  starts integer not null,
  counted_at integer not null,
  primary key (subscription, message_id)
) strict, without rowid;

create table warren_inbox_failure (
  subscription text not null,
  message_id text not null,
  name text not null,
  entity_id text not null,
  source text not null,
  payload text not null,
  encoding text not null check (encoding in ('utf8', 'base64')),
  headers text not null,
  state text not null check (state in ('retrying', 'parked')),
  attempts integer not null,
  -- null for parked
  due_at integer,
  error_code text not null,
  error_type text not null,
  error_message text not null,
  error_stack text not null,
  fingerprint text not null,
  first_failed_at integer not null,
  last_failed_at integer not null,
  primary key (subscription, message_id)
) strict;

create index warren_inbox_failure_due on warren_inbox_failure (subscription, due_at) where state = 'retrying';
create index warren_inbox_failure_message on warren_inbox_failure (message_id);
create index warren_inbox_failure_entity on warren_inbox_failure (entity_id);

create table warren_subscription (
  name text not null primary key,
  service text not null,
  patterns text not null,
  queue text not null,
  active_from integer not null,
  active_to integer,
  last_seen_at integer not null
) strict, without rowid;

create table warren_lease (
  lease_group text not null,
  name text not null,
  owner text not null,
  -- grows by one each time the lease changes hands
  epoch integer not null default 1,
  expires_at integer not null,
  primary key (lease_group, name)
) strict, without rowid;

-- What people did to messages, one row each, with the payload of what was given up.
create table warren_action_log (
  id integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  subscription text,
  message_id text,
  details text not null
) strict;
