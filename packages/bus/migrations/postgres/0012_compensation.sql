-- What compensation works with: as the code of the service says it, and what a person has set in the place of that. Points in time are
-- milliseconds. See CompensationStore in store/contract/compensation.ts.
create table warren.compensation (
  -- 'code': written by who reconciles. 'all': set in its place; 'one': set in the place of both for one subscription.
  scope text collate "C" not null check (scope in ('code', 'all', 'one')),
  -- empty unless it is of one
  subscription text collate "C" not null default '',
  -- null: not set
  mode text collate "C" check (mode in ('auto', 'report', 'off')),
  share float8,
  min_per_second float8,
  max_missing_share float8,
  min_missing float8,
  max_unanswered_ms float8,
  set_by text not null,
  set_at bigint not null,
  primary key (scope, subscription)
);

-- How many missing events were resent, in spans of ten seconds; those of late.
create table warren.resend (
  subscription text collate "C" not null,
  at bigint not null,
  events bigint not null,
  primary key (subscription, at)
);

alter table warren.proof add column breaker_cause text;
-- What a person has told the breaker: see BreakerOrder in store/contract/compensation.ts.
alter table warren.proof add column breaker_order text check (breaker_order in ('hold', 'close', 'try'));
alter table warren.proof add column breaker_ordered_at bigint;
alter table warren.proof add column breaker_ordered_by text;
