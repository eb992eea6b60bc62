-- A person has paused a subscription: its service handles nothing of it until it is resumed. Points in time are milliseconds.
alter table warren.subscription add column paused_at bigint;
alter table warren.subscription add column paused_by text;
-- The same as a publisher has heard it, by the clock of the subscriber.
alter table warren.registry add column paused_at bigint;
alter table warren.registry add column paused_by text;
-- How often a person has changed the payload; what it was is in the action log. A handler that was given another one settles nothing.
alter table warren.inbox_failure add column edits integer not null default 0;
-- What was done to one message is shown with it.
create index action_log_message on warren.action_log (message_id) where message_id is not null;
