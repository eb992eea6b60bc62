-- On the receiving side, of each publisher: the last answer that it is known to have heard, and the barriers that were answered since.
-- One that has heard another answer shows that this store was set back, also when barriers that it had sent before were answered meanwhile.
alter table warren.answered_barrier add column heard_id uuid;
create table warren.unheard_answer (
  subscription text collate "C" not null,
  source text not null,
  barrier_id uuid not null,
  primary key (subscription, source, barrier_id)
);
