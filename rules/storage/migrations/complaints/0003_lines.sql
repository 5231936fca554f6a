-- Evidence is read out of indexes alone; which lines stand in several complaints of a case counts there too.
drop index complaint_evidence;
create index complaint_evidence on complaint (case_id, reporter, line, tie, received, state)
    where state not in ('withdrawn', 'rejected');
create index complaint_line on complaint (case_id, line, state) where state not in ('withdrawn', 'rejected');
