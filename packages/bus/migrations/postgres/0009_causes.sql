-- Failures by their cause: counted without looking at each, and found by it. A million of them take some five seconds, in which
-- their services wait.
create index inbox_failure_cause on warren.inbox_failure (subscription, fingerprint, state, last_failed_at);
create index inbox_failure_fingerprint on warren.inbox_failure (subscription, fingerprint, message_id);
