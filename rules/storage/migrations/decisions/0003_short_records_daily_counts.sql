-- A call that rang leaves this much when its whole record makes room before its time: a complaint may still come.
create table short_record (
    id text primary key,
    at real not null,
    caller text not null,
    called_key text not null,
    trunk text not null,
    believed integer not null
) without rowid;

-- Calls by day of the operator's zone, range, class and verdict; they never expire.
create table daily_count (
    day integer not null,          -- yyyymmdd
    range text not null,           -- digits up to the area code or the code, rules/records/retention.py
    class text not null,
    verdict text not null,
    calls integer not null,
    rang integer not null,
    primary key (day, range, class, verdict)
) without rowid;

-- Up to which record calls are in daily_count, and how many short records there are.
create table kept (
    only integer primary key check (only = 1),
    counted integer not null,
    short_records integer not null
);
insert into kept values (1, 0, 0);
