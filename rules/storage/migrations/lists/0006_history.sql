-- What left a list or was changed on it, as it was before: the history of entries, and what undoing an import puts back.
-- Who ended it, when and why is said once for all entries that ended together.
create table ending (
    id integer primary key autoincrement,
    at real not null,
    how text not null check (how in ('changed', 'removed', 'import', 'undo', 'release')),
    author text not null,
    reason text not null,
    import_id integer references import (id)  -- that ended it, or whose undoing did
);
create index ending_at on ending (at);
create index ending_import on ending (import_id) where import_id is not null;

create table past (
    code integer not null,
    list integer not null,
    ending integer not null,
    origin integer not null,
    primary key (code, list, ending)
) without rowid;

create table past_wide (
    start integer not null,
    stop integer not null,
    places integer not null,
    list integer not null,
    ending integer not null,
    text text not null,
    holes text not null,
    origin integer not null,
    primary key (start, stop, places, list, ending)
) without rowid;

insert into ending (id, at, how, author, reason, import_id) select id, created, 'import', author, '', id from import;
insert into ending (at, how, author, reason, import_id)
    select undone, 'undo', '', '', id from import where undone is not null order by undone;
insert into past (code, list, ending, origin) select code, list, import_id, origin from replaced order by 1, 2, 3;
insert into past_wide (start, stop, places, list, ending, text, holes, origin)
    select start, stop, places, list, import_id, text, holes, origin from replaced_wide;
drop table replaced;
drop table replaced_wide;
