-- How attempts to handle a message have failed, the newest 50 for each subscription: see FailedAttempt in store/contract/failures.ts. Without stacks
-- and payloads, which inbox_failure has of the last one. Cut by day on the message id and dropped with the days of the inbox. Points in
-- time are milliseconds.
create table warren.inbox_attempt (
  message_id uuid not null,
  subscription text collate "C" not null,
  -- In a ring of 50: a later one takes the place of one that is too old. Those below 0 are of the ring of starts that never ended.
  place smallint not null,
  attempt integer not null,
  -- null: no handler was called
  began_at bigint,
  -- null: nobody wrote down how it ended
  ended_at bigint,
  state text collate "C" not null check (state in ('retrying', 'parked')),
  error_code text,
  error_type text,
  error_message text,
  primary key (message_id, subscription, place)
) partition by range (message_id);

create table warren.inbox_attempt_default partition of warren.inbox_attempt default;

-- How many of its attempts were written down, whoever has had them counted anew since.
alter table warren.inbox_failure add column tries integer not null default 0;
-- When the attempt began that nobody has settled or given back yet.
alter table warren.inbox_failure add column claimed_at bigint;
