-- Under which spelling an office or a business is kept, by what is the same in all of its spellings: offices differ in
-- case, width and blanks only in what people type. What stands here already is brought to one spelling at the next start.
create table spelling (
    kind text not null check (kind in ('branch', 'business')),
    folded text not null,
    name text not null,
    primary key (kind, folded)
) without rowid;
alter table progress add column spelled integer not null default 0;
-- How many reporters spoke, by day, of the numbers of a code: those who took it back do not count.
create index complaint_spoke on complaint (received, case_id, reporter) where state not in ('withdrawn', 'rejected');
