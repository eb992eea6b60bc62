-- Every event that was ever published. Rows are never updated: a payload row that is updated would be rewritten.
-- Partitioned by day on the id, whose first 48 bits are milliseconds since the epoch, so that the primary key contains
-- the partition key and old days are dropped instead of deleted.
create table warren.outbox (
  id uuid not null,
  name text not null,
  entity_id text not null,
  source text not null,
  -- json and not jsonb: keeps numbers and the order of keys as they were published, and takes \u0000.
  payload json not null,
  headers json not null,
  is_optional boolean not null,
  created_at timestamptz not null default now(),
  primary key (id)
) partition by range (id);

-- Takes what has no day partition, so that an insert never fails for lack of one.
create table warren.outbox_default partition of warren.outbox default;

create index outbox_entity on warren.outbox (entity_id, id);

-- What the relay still has to send. Small, and every row is deleted again: vacuum it often and without pauses.
create table warren.outbox_pending (
  state text collate "C" not null default 'pending' check (state in ('pending', 'unroutable', 'unpublishable')),
  id uuid not null,
  bucket smallint not null,
  name text not null,
  attempts integer not null default 0,
  -- null: at once
  due_at timestamptz,
  error text,
  -- The state comes first so that a claim, which reads in the order of ids, does not step over a million unroutable rows.
  primary key (state, id)
) with (
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.1,
  autovacuum_analyze_threshold = 10000
);

create index outbox_pending_unroutable on warren.outbox_pending (name, id) where state = 'unroutable';

-- Which message a subscription has handled. Partitioned on the message id and not on the time of receipt, which would
-- let one message in twice.
create table warren.inbox (
  subscription text collate "C" not null,
  message_id uuid not null,
  name text not null,
  source text not null,
  status text collate "C" not null check (status in ('handled', 'retrying', 'parked', 'discarded')),
  received_at timestamptz not null default now(),
  -- when the status became final: handled or discarded
  settled_at timestamptz,
  primary key (subscription, message_id)
) partition by range (message_id);

create table warren.inbox_default partition of warren.inbox default;

create index inbox_unhandled on warren.inbox (subscription, status, message_id) where status <> 'handled';

-- How often a redelivered message was handed to a handler; parked when it takes the process down too often.
create table warren.inbox_start (
  subscription text collate "C" not null,
  message_id uuid not null,
  starts integer not null,
  counted_at timestamptz not null default now(),
  primary key (subscription, message_id)
);

create table warren.inbox_failure (
  subscription text collate "C" not null,
  message_id uuid not null,
  name text not null,
  entity_id text not null,
  source text not null,
  payload text not null,
  encoding text not null check (encoding in ('utf8', 'base64')),
  headers json not null,
  state text collate "C" not null check (state in ('retrying', 'parked')),
  attempts integer not null,
  -- null for parked
  due_at timestamptz,
  error_code text not null,
  error_type text not null,
  error_message text not null,
  error_stack text not null,
  fingerprint text not null,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz not null,
  primary key (subscription, message_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index inbox_failure_due on warren.inbox_failure (subscription, due_at) where state = 'retrying';
create index inbox_failure_message on warren.inbox_failure (message_id);
create index inbox_failure_entity on warren.inbox_failure (entity_id);

create table warren.subscription (
  name text collate "C" primary key,
  service text not null,
  patterns json not null,
  queue text not null,
  active_from timestamptz not null default now(),
  active_to timestamptz,
  last_seen_at timestamptz not null default now()
);

create table warren.lease (
  lease_group text not null,
  name text not null,
  owner text not null,
  -- grows by one each time the lease changes hands
  epoch bigint not null default 1,
  expires_at timestamptz not null,
  primary key (lease_group, name)
) with (fillfactor = 50);

-- What people did to messages, one row each, with the payload of what was given up.
create table warren.action_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subscription text,
  message_id uuid,
  details json not null
);
