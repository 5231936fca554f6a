-- Imports into the range ledger, and what each changed there: its history, and what undoing it puts back.
create table ledger_import (
    id integer primary key autoincrement,
    source text not null,
    author text not null,
    reason text not null,
    created real not null,
    added integer not null,
    changed integer not null,
    removed integer not null,
    undone real,
    undone_by text not null default '',
    undone_why text not null default ''
);

-- One row a code, or a complete beginning (places -1). `past` is what stood before it, as JSON, null for nothing; once
-- an import was undone, the next change of the same code has here what stood before that import.
create table ledger_change (
    start integer not null,
    stop integer not null,
    places integer not null,
    import_id integer not null references ledger_import (id),
    text text not null,
    past text,
    became text,
    primary key (start, stop, places, import_id)
) without rowid;
create index ledger_change_import on ledger_change (import_id);
