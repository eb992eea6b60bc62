-- The relay's confirms: what is sent no longer waits, and what a barrier may have asked for without seeing it is noted as late.
-- A statement sees what was committed when it began. One that began before a barrier was noted, and ends after its answer was compared,
-- would leave an event that no barrier has seen and nobody compares again. Inside a function each statement looks anew: so the lock,
-- which the noting of a barrier waits for, comes first.
create function warren.confirm(ids uuid[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('confirms of warren.outbox', 0));
  with sent as (
    -- written out, because the primary key begins with it
    delete from warren.outbox_pending where state in ('pending', 'unroutable', 'unpublishable') and id = any(ids) returning id
  )
  insert into warren.late_event (id)
  select id from sent
  where id < (select (lpad(to_hex(max(asked_through)), 12, '0') || repeat('0', 20))::uuid from warren.proof)
  on conflict do nothing;
end
$$;
