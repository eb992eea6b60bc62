-- Order per entity. The key is `<entity>/<entity id>`; times are milliseconds since the epoch, JSON is text, and both dialects
-- have the same columns, as in 0002.

-- On the publishing side: one row per ordered entity. Its lock makes transactions that publish for one entity wait for each
-- other, so that the sequence is the order of their commits, and a rollback leaves no gap.
create table warren.entity_sequence (
  order_key text collate "C" primary key,
  -- of the last event, its name and the time in its id
  sequence bigint not null,
  last_name text not null,
  last_at bigint not null,
  -- the last event of each name before that one: {"order.payment.onPaid": [3, 1764140374000]}
  previous text not null
) with (fillfactor = 50);

-- Null for an event of an entity that is not ordered.
alter table warren.outbox_pending add column order_key text collate "C";
-- Those that wait for another attempt: the later ones of their entity wait with them.
create index outbox_pending_order on warren.outbox_pending (order_key, id)
  where order_key is not null and due_at is not null;

-- On the receiving side: how far the events of an entity are settled, for an ordered subscription.
create table warren.order_position (
  subscription text collate "C" not null,
  source text collate "C" not null,
  order_key text collate "C" not null,
  handled bigint not null default 0,
  -- settled out of their order, by a person: {"7": 5} says that what waits for 7 waits for 5 instead
  skipped text not null default '{}',
  primary key (subscription, source, order_key)
) with (fillfactor = 50);

-- Since when an ordered subscription gets what matches a pattern: it cannot wait for what was published before.
create table warren.order_interest (
  subscription text collate "C" not null,
  pattern text collate "C" not null,
  since bigint not null,
  primary key (subscription, pattern)
);

-- Of a failure that has a place in an order: its sequence, and that of the event which must be settled before it.
alter table warren.inbox_failure add column order_key text collate "C";
alter table warren.inbox_failure add column sequence bigint;
alter table warren.inbox_failure add column needs bigint;
create index inbox_failure_order on warren.inbox_failure (subscription, source, order_key, sequence)
  where order_key is not null;
