-- Which lines stand in several complaints of a case: evidence counts each only once.
create index complaint_line on complaint (case_id, line) where state not in ('withdrawn', 'rejected');
