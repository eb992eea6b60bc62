-- Reconciliation. Points in time are milliseconds since the epoch, as in the ids that they are compared with, by the
-- clock of this database; JSON is text. Both dialects have the same columns, so that one implementation serves both.

-- What a publisher knows of those who receive its events, and how far it has proof.
create table warren_registry (
  subscription text primary key,
  service text not null,
  queue text not null,
  -- false: it keeps no inbox, and nothing can be proved of it
  has_inbox integer not null,
  -- the deadline of its handler: how long a delivery may be in hand
  timeout_ms integer not null,
  first_seen_at integer not null,
  last_seen_at integer not null,
  -- when its queue was made anew, as the subscriber has seen it
  queue_created_at integer,
  retired_at integer,
  retired_by text
) strict, without rowid;

-- Which patterns a subscription had, and when. `active_to` is null for those it has now.
create table warren_registry_period (
  subscription text not null references warren_registry,
  active_from integer not null,
  active_to integer,
  patterns text not null,
  primary key (subscription, active_from)
) strict, without rowid;

-- One row per subscription: events before `through` are compared, and what was missing then has a row of its own.
create table warren_proof (
  subscription text primary key references warren_registry,
  through integer not null,
  -- As far as any barrier has asked. An event that is confirmed later with an older id came too late for it.
  asked_through integer not null,
  barrier_id text,
  barrier_sent_at integer,
  -- the first that is not answered; null when all are
  waiting_since integer,
  answered_id text,
  answered_at integer,
  round_trip_ms real,
  retrying integer not null default 0,
  parked integer not null default 0,
  -- a person asked for a run now
  requested_at integer,
  -- null: closed
  breaker_opened_at integer,
  breaker_reason text
) strict, without rowid;

-- What came of comparing one minute. `open`: to be compared again, because an event of it was committed late.
create table warren_reconciliation (
  subscription text not null,
  minute integer not null,
  state text not null check (state in ('proven', 'open')),
  expected integer not null,
  checked_at integer not null,
  primary key (subscription, minute)
) strict, without rowid;

create index warren_reconciliation_open on warren_reconciliation (subscription, minute) where state = 'open';

-- Events whose minute may have been compared before they were committed.
create table warren_late_event (
  id text primary key
) strict, without rowid;

-- One row per event that a subscription did not have when it was asked; see MissingState in store/reconcile.ts.
create table warren_missing (
  subscription text not null references warren_registry,
  message_id text not null,
  name text not null,
  state text not null check (state in ('suspect', 'missing', 'recovered', 'gave-up', 'waived')),
  -- the barrier that said so first, and when it was sent
  barrier_id text not null,
  suspected_at integer not null,
  confirmed_at integer,
  cause text,
  evidence text,
  -- resends so far, counted before each
  attempts integer not null default 0,
  -- not resent, and not asked after, before this
  due_at integer not null,
  error text,
  settled_at integer,
  settled_by text,
  primary key (subscription, message_id)
) strict, without rowid;

create index warren_missing_open on warren_missing (subscription, state, due_at) where state in ('suspect', 'missing');
create index warren_missing_message on warren_missing (message_id);

-- Received by a subscription as an event of this service, and not in its ledger.
create table warren_ghost (
  subscription text not null,
  message_id text not null,
  name text not null,
  found_at integer not null,
  primary key (subscription, message_id)
) strict, without rowid;

-- On the receiving side: the last barrier of each publisher that was answered. A publisher that knows of a later one
-- shows that this store was set back.
create table warren_answered_barrier (
  subscription text not null,
  source text not null,
  barrier_id text not null,
  -- as far as the publisher said it had proof
  proven_through integer not null,
  answered_at integer not null,
  primary key (subscription, source)
) strict, without rowid;

-- The processes that consume a subscription's queue, and the time before which they have settled all they were given.
create table warren_consumer (
  subscription text not null,
  instance text not null,
  settled_through integer not null,
  seen_at integer not null,
  primary key (subscription, instance)
) strict, without rowid;

-- The patterns whose bindings stand on the broker, as JSON text.
alter table warren_subscription add column standing_patterns text;
-- They stand on the broker since then; null until they do for the first time.
alter table warren_subscription add column patterns_since integer;
alter table warren_subscription add column queue_created_at integer;

-- What was seen of a subscription's queue on the broker, and when: what causes of missing events rest on.
create table warren_observation (
  subscription text not null,
  kind text not null,
  -- the binding, the queue or the node that it is about
  what text not null,
  -- the last time that it was seen to be well; null when it never was
  well_before integer,
  first_seen integer not null,
  last_seen integer not null,
  -- the first time that it was seen to be well again; null while it is not
  well_again integer,
  primary key (subscription, kind, what, first_seen)
) strict, without rowid;
-- When a person asked for it to be resent, which is done also where the service resends nothing by itself.
alter table warren_missing add column requested_at integer;
-- Since when its patterns stand, as the subscriber said last, by its clock: where that has changed, others stood in between.
alter table warren_registry add column patterns_since integer;
-- The last time that the subscriber's store was set back, as its answers name it.
alter table warren_proof add column rewound_id text;
-- The same of the patterns that stood before.
alter table warren_subscription add column previous_since integer;
-- Names the last time that this store was set back, by the barrier that showed it.
alter table warren_answered_barrier add column rewind_id text;
-- The earliest time that a proof had to go back to because of that, of all times.
alter table warren_answered_barrier add column rewound_to integer;
