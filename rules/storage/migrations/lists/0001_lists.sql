-- Named lists; ringfence.yaml is their source, entries outlive a list that is not configured for a while.
create table list (
    id integer primary key,
    name text not null unique,
    kind text not null,
    suspicion integer not null,
    shared integer not null,
    configured integer not null default 1,
    entries integer not null default 0
);

-- Where entries came from. Ten million imported numbers share one row.
create table origin (
    id integer primary key,
    source text not null,
    reason text not null,
    author text not null,
    created real not null,
    expires real,
    evidence text not null,
    note text not null,
    trunks text not null,  -- names, separated by a blank; empty: all
    import_id integer references import (id)
);
create index origin_import on origin (import_id) where import_id is not null;

create table import (
    id integer primary key,
    list integer not null references list (id),
    source text not null,
    author text not null,
    created real not null,
    added integer not null,
    changed integer not null,
    removed integer not null,
    undone real
);

-- Single numbers: 17 bytes each. The code is rules.entries.encode; it gives the number back.
create table exact (
    code integer not null,
    list integer not null,
    origin integer not null,
    primary key (code, list)
) without rowid;

-- Prefixes and ranges.
create table wide (
    id integer primary key,
    list integer not null,
    start integer not null,
    stop integer not null,
    places integer not null,
    text text not null,
    origin integer not null,
    unique (list, start, stop, places)
);
create index wide_start on wide (start);

-- Flattened: for each start of a wide entry, every wide entry that covers it. What covers a number is among the rows
-- of the nearest start at or below it, because whatever else covers it would have a nearer start.
create table span (
    start integer not null,
    wide integer not null,
    primary key (start, wide)
) without rowid;

-- What an import changed or removed, as it was before, so that it can be undone.
create table replaced (
    import_id integer not null,
    code integer not null,
    list integer not null,
    origin integer not null,
    primary key (import_id, code, list)
) without rowid;

create table replaced_wide (
    import_id integer not null,
    list integer not null,
    start integer not null,
    stop integer not null,
    places integer not null,
    text text not null,
    origin integer not null,
    primary key (import_id, list, start, stop, places)
) without rowid;

-- Counted up by every change that a cached answer could show.
create table change (
    only integer primary key check (only = 1),
    revision integer not null
);
insert into change values (1, 0);
