-- Reconciliation. Points in time are milliseconds since the epoch, as in the ids that they are compared with, by the
-- clock of this database; JSON is text. Both dialects have the same columns, so that one implementation serves both.

-- What a publisher knows of those who receive its events, and how far it has proof.
create table warren.registry (
  subscription text collate "C" primary key,
  service text not null,
  queue text not null,
  -- false: it keeps no inbox, and nothing can be proved of it
  has_inbox boolean not null,
  -- the deadline of its handler: how long a delivery may be in hand
  timeout_ms integer not null,
  first_seen_at bigint not null,
  last_seen_at bigint not null,
  -- when its queue was made anew, as the subscriber has seen it
  queue_created_at bigint,
  retired_at bigint,
  retired_by text
);

-- Which patterns a subscription had, and when. `active_to` is null for those it has now.
create table warren.registry_period (
  subscription text collate "C" not null references warren.registry,
  active_from bigint not null,
  active_to bigint,
  patterns text not null,
  primary key (subscription, active_from)
);

-- One row per subscription: events before `through` are compared, and what was missing then has a row of its own.
create table warren.proof (
  subscription text collate "C" primary key references warren.registry,
  through bigint not null,
  -- As far as any barrier has asked. An event that is confirmed later with an older id came too late for it.
  asked_through bigint not null,
  barrier_id uuid,
  barrier_sent_at bigint,
  -- the first that is not answered; null when all are
  waiting_since bigint,
  answered_id uuid,
  answered_at bigint,
  round_trip_ms float8,
  retrying integer not null default 0,
  parked integer not null default 0,
  -- a person asked for a run now
  requested_at bigint,
  -- null: closed
  breaker_opened_at bigint,
  breaker_reason text
);

-- What came of comparing one minute. `open`: to be compared again, because an event of it was committed late.
create table warren.reconciliation (
  subscription text collate "C" not null,
  minute bigint not null,
  state text collate "C" not null check (state in ('proven', 'open')),
  expected bigint not null,
  checked_at bigint not null,
  primary key (subscription, minute)
);

create index reconciliation_open on warren.reconciliation (subscription, minute) where state = 'open';

-- Events whose minute may have been compared before they were committed.
create table warren.late_event (
  id uuid primary key
);

-- One row per event that a subscription did not have when it was asked; see MissingState in store/reconcile.ts.
create table warren.missing (
  subscription text collate "C" not null references warren.registry,
  message_id uuid not null,
  name text not null,
  state text collate "C" not null check (state in ('suspect', 'missing', 'recovered', 'gave-up', 'waived')),
  -- the barrier that said so first, and when it was sent
  barrier_id uuid not null,
  suspected_at bigint not null,
  confirmed_at bigint,
  cause text,
  evidence text,
  -- resends so far, counted before each
  attempts integer not null default 0,
  -- not resent, and not asked after, before this
  due_at bigint not null,
  error text,
  settled_at bigint,
  settled_by text,
  primary key (subscription, message_id)
);

create index missing_open on warren.missing (subscription, state, due_at) where state in ('suspect', 'missing');
create index missing_message on warren.missing (message_id);

-- Received by a subscription as an event of this service, and not in its ledger.
create table warren.ghost (
  subscription text collate "C" not null,
  message_id uuid not null,
  name text not null,
  found_at bigint not null,
  primary key (subscription, message_id)
);

-- On the receiving side: the last barrier of each publisher that was answered. A publisher that knows of a later one
-- shows that this store was set back.
create table warren.answered_barrier (
  subscription text collate "C" not null,
  source text not null,
  barrier_id uuid not null,
  -- as far as the publisher said it had proof
  proven_through bigint not null,
  answered_at bigint not null,
  primary key (subscription, source)
);

-- The processes that consume a subscription's queue, and the time before which they have settled all they were given.
create table warren.consumer (
  subscription text collate "C" not null,
  instance uuid not null,
  settled_through bigint not null,
  seen_at bigint not null,
  primary key (subscription, instance)
) with (fillfactor = 50);

-- The patterns whose bindings stand on the broker, as JSON text.
alter table warren.subscription add column standing_patterns text;
-- They stand on the broker since then; null until they do for the first time.
alter table warren.subscription add column patterns_since bigint;
alter table warren.subscription add column queue_created_at bigint;

-- What was seen of a subscription's queue on the broker, and when: what causes of missing events rest on.
create table warren.observation (
  subscription text collate "C" not null,
  kind text collate "C" not null,
  -- the binding, the queue or the node that it is about
  what text collate "C" not null,
  -- the last time that it was seen to be well; null when it never was
  well_before bigint,
  first_seen bigint not null,
  last_seen bigint not null,
  -- the first time that it was seen to be well again; null while it is not
  well_again bigint,
  primary key (subscription, kind, what, first_seen)
);
-- When a person asked for it to be resent, which is done also where the service resends nothing by itself.
alter table warren.missing add column requested_at bigint;
-- Since when its patterns stand, as the subscriber said last, by its clock: where that has changed, others stood in between.
alter table warren.registry add column patterns_since bigint;
-- The last time that the subscriber's store was set back, as its answers name it.
alter table warren.proof add column rewound_id uuid;
-- The same of the patterns that stood before.
alter table warren.subscription add column previous_since bigint;
-- Names the last time that this store was set back, by the barrier that showed it.
alter table warren.answered_barrier add column rewind_id uuid;
-- The earliest time that a proof had to go back to because of that, of all times.
alter table warren.answered_barrier add column rewound_to bigint;
