-- How attempts to handle a message have failed, the newest 50 for each subscription: see FailedAttempt in store/contract/failures.ts. Without stacks
-- and payloads, which inbox_failure has of the last one. Points in time are milliseconds.
create table warren_inbox_attempt (
  message_id text not null,
  subscription text not null,
  -- In a ring of 50: a later one takes the place of one that is too old. Those below 0 are of the ring of starts that never ended.
  place integer not null,
  attempt integer not null,
  -- null: no handler was called
  began_at integer,
  -- null: nobody wrote down how it ended
  ended_at integer,
  state text not null check (state in ('retrying', 'parked')),
  error_code text,
  error_type text,
  error_message text,
  primary key (message_id, subscription, place)
) strict, without rowid;

-- How many of its attempts were written down, whoever has had them counted anew since.
alter table warren_inbox_failure add column tries integer not null default 0;
-- When the attempt began that nobody has settled or given back yet.
alter table warren_inbox_failure add column claimed_at integer;
