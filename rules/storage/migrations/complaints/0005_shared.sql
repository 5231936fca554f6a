-- Which complaints share their reporter or line with another of their case: only these are compared when evidence is
-- weighed, all others are simply summed. Set when a complaint comes in and never taken back: a mark too many costs
-- time and changes nothing. What stands here already is marked.
alter table complaint add column shared integer not null default 1;
drop index complaint_line;
create index complaint_line on complaint (case_id, line) where state not in ('withdrawn', 'rejected');
create index complaint_shared on complaint (case_id) where shared = 1 and state not in ('withdrawn', 'rejected');
