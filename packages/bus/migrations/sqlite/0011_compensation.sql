-- What compensation works with: as the code of the service says it, and what a person has set in the place of that. Points in time are
-- milliseconds. See CompensationStore in store/contract/compensation.ts.
create table warren_compensation (
  -- 'code': written by who reconciles. 'all': set in its place; 'one': set in the place of both for one subscription.
  scope text not null check (scope in ('code', 'all', 'one')),
  -- empty unless it is of one
  subscription text not null default '',
  -- null: not set
  mode text check (mode in ('auto', 'report', 'off')),
  share real,
  min_per_second real,
  max_missing_share real,
  min_missing real,
  max_unanswered_ms real,
  set_by text not null,
  set_at integer not null,
  primary key (scope, subscription)
) strict, without rowid;

-- How many missing events were resent, in spans of ten seconds; those of late.
create table warren_resend (
  subscription text not null,
  at integer not null,
  events integer not null,
  primary key (subscription, at)
) strict, without rowid;

alter table warren_proof add column breaker_cause text;
-- What a person has told the breaker: see BreakerOrder in store/contract/compensation.ts.
alter table warren_proof add column breaker_order text check (breaker_order in ('hold', 'close', 'try'));
alter table warren_proof add column breaker_ordered_at integer;
alter table warren_proof add column breaker_ordered_by text;
