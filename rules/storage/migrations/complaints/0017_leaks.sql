-- What the leak board says of each office, as it was counted last, and what has changed since: of a million complaints
-- only the offices are counted again that somebody spoke of, or whose oldest complaint became too old.
create table leak_counted (
    office text primary key,
    at real not null,              -- when it was counted; a clock that was set back counts again
    days integer not null,         -- how far back
    first real not null,           -- of the complaints that count; behind it all of this is wrong
    last real not null,
    complaints integer not null,
    callers integer not null,
    tied integer not null,         -- people
    untied integer not null,
    fresh_tied integer not null,   -- of these, who spoke after somebody had seen the leak
    fresh_untied integer not null,
    heard_first real not null,     -- within a year, whatever became of the complaints
    heard_last real not null,
    heard integer not null,
    reporters integer not null
) without rowid;
create table leak_changed (
    office text primary key,
    times integer not null         -- what is counted meanwhile is changed once more
) without rowid;
insert into leak_changed select distinct branch, 1 from complaint where branch <> '';
create trigger leak_heard after insert on complaint when new.branch <> '' begin
    insert into leak_changed values (new.branch, 1) on conflict (office) do update set times = times + 1;
end;
create trigger leak_moved after update of branch, received, state, decision, tie, reporter, line, accused on complaint
    when old.branch <> '' or new.branch <> '' begin
    insert into leak_changed select old.branch, 1 where old.branch <> ''
        on conflict (office) do update set times = times + 1;
    insert into leak_changed select new.branch, 1 where new.branch not in ('', old.branch)
        on conflict (office) do update set times = times + 1;
end;
create trigger leak_was_seen after insert on leak_seen begin
    insert into leak_changed values (new.office, 1) on conflict (office) do update set times = times + 1;
end;
create trigger leak_seen_moved after update on leak_seen begin
    insert into leak_changed values (old.office, 1) on conflict (office) do update set times = times + 1;
    insert into leak_changed values (new.office, 1) on conflict (office) do update set times = times + 1;
end;

-- All that is asked of an office when it is counted, so that no complaint of it is read for that.
drop index complaint_branch;
create index complaint_branch on complaint (branch, received, state, reporter, line, decision, tie, accused)
    where branch <> '';
