-- A case is told day by day and weighed in one pass: both read its complaints in the order in which they came in, out of
-- one index; another finds who complained already. Together they are smaller than the one that served both.
drop index complaint_evidence;
create index complaint_evidence on complaint (case_id, received, tie) where state not in ('withdrawn', 'rejected');
create index complaint_reporter on complaint (case_id, reporter) where state not in ('withdrawn', 'rejected');
