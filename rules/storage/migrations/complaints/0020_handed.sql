-- What goes to other operators by itself: a case that is handed over, or the answer to one; tried until they have it.
create table handed_out (
    id integer primary key autoincrement,
    kind text not null check (kind in ('case', 'answer')),
    about integer not null,              -- the case, or what was handed over to us
    partner text not null,               -- as ringfence.yaml calls him
    created real not null,
    next_try real not null default 0,    -- not before
    attempts integer not null default 0,
    error text not null default '',
    acknowledged real,
    reference text not null default '',  -- under which they have it
    unique (kind, about)
);

-- What other operators handed over to us.
create table handed_in (
    id integer primary key autoincrement,
    operator text not null,
    reference text not null,             -- theirs
    number text not null,                -- canonical
    received real not null,
    due real,                            -- as their clocks say
    told text not null,                  -- what they tell of it, as JSON
    answer text not null default '',
    answered real,
    answered_by text not null default '',
    unique (operator, reference)
);
create index handed_in_open on handed_in (due) where answered is null;
