-- How many people complained is a running total as well (measure reporters): of periods that begin behind this moment.
-- Those of before are counted out of their complaints, as they were.
alter table progress add column people_from real not null default 0;
update progress set people_from = cast(strftime('%s', 'now') as real) where exists (select 1 from complaint);
create index complaint_person on complaint (reporter, received, case_id) where state not in ('withdrawn', 'rejected');
