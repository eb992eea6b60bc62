-- Failures by their cause: counted without looking at each, and found by it.
create index warren_inbox_failure_cause on warren_inbox_failure (subscription, fingerprint, state, last_failed_at);
create index warren_inbox_failure_fingerprint on warren_inbox_failure (subscription, fingerprint, message_id);
