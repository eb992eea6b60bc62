-- On the receiving side, of each publisher: the last answer that it is known to have heard, and the barriers that were answered since.
-- One that has heard another answer shows that this store was set back, also when barriers that it had sent before were answered meanwhile.
alter table warren_answered_barrier add column heard_id text;
create table warren_unheard_answer (
  subscription text not null,
  source text not null,
  barrier_id text not null,
  primary key (subscription, source, barrier_id)
) strict, without rowid;
