-- Order per entity. The key is `<entity>/<entity id>`; times are milliseconds since the epoch, JSON is text, and both dialects
-- have the same columns, as in 0002.

-- On the publishing side: one row per ordered entity. Its lock makes transactions that publish for one entity wait for each
-- other, so that the sequence is the order of their commits, and a rollback leaves no gap.
create table warren_entity_sequence (
  order_key text not null primary key,
  -- of the last event, its name and the time in its id
  sequence integer not null,
  last_name text not null,
  last_at integer not null,
  -- the last event of each name before that one: {"order.payment.onPaid": [3, 1764140374000]}
  previous text not null
) strict, without rowid;

-- Null for an event of an entity that is not ordered.
alter table warren_outbox_pending add column order_key text;
-- Those that wait for another attempt: the later ones of their entity wait with them.
create index warren_outbox_pending_order on warren_outbox_pending (order_key, id)
  where order_key is not null and due_at > 0;

-- On the receiving side: how far the events of an entity are settled, for an ordered subscription.
create table warren_order_position (
  subscription text not null,
  source text not null,
  order_key text not null,
  handled integer not null default 0,
  -- settled out of their order, by a person: {"7": 5} says that what waits for 7 waits for 5 instead
  skipped text not null default '{}',
  primary key (subscription, source, order_key)
) strict, without rowid;

-- Since when an ordered subscription gets what matches a pattern: it cannot wait for what was published before.
create table warren_order_interest (
  subscription text not null,
  pattern text not null,
  since integer not null,
  primary key (subscription, pattern)
) strict, without rowid;

-- Of a failure that has a place in an order: its sequence, and that of the event which must be settled before it.
alter table warren_inbox_failure add column order_key text;
alter table warren_inbox_failure add column sequence integer;
alter table warren_inbox_failure add column needs integer;
create index warren_inbox_failure_order on warren_inbox_failure (subscription, source, order_key, sequence)
  where order_key is not null;
