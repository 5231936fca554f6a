-- An allow entry of an organisation is a qualification; these are empty for all other entries.
alter table origin add column licence text not null default '';
alter table origin add column document text not null default '';  -- hash of the document that was shown
alter table origin add column purpose text not null default '';
alter table origin add column hours text not null default '';     -- 09:00-18:00, wall clock; empty: all day
alter table origin add column review real;                        -- from then on the entry is off
alter table origin add column owner text not null default '';
alter table origin add column approver text not null default '';

-- What an allow prefix leaves out: "start-stop" in codes, divided by blanks.
alter table wide add column holes text not null default '';
alter table replaced_wide add column holes text not null default '';

-- Why an import was held, when a person insisted on it all the same.
alter table import add column insisted text not null default '';

-- Counted apart from the revision of the lists, so that no change of one empties the cache of another.
alter table change add column ledger integer not null default 0;
alter table change add column subscribers integer not null default 0;

-- The lists of subscribers; who they are is a keyed pseudonym.
create table subscriber_entry (
    subscriber blob not null,
    kind text not null check (kind in ('allow', 'block')),
    start integer not null,
    stop integer not null,
    places integer not null,
    text text not null,
    created real not null,
    primary key (subscriber, kind, start, stop, places)
) without rowid;

-- The range ledger: who holds which code.
create table code (
    id integer primary key,
    text text not null,
    start integer not null,
    stop integer not null,
    places integer not null,
    holder text not null,
    host text not null,       -- the operator in whose network it lives
    purpose text not null,
    valid_until real,
    source text not null,
    loaded real not null,
    unique (start, stop, places)
);

-- Beginnings of numbers of which the ledger knows every code: what lies in them and is in no code is unheld.
create table complete (
    text text primary key,
    start integer not null,
    stop integer not null
);

-- Both flattened into pieces that don't overlap, the narrowest code winning; code is null in what is unheld.
create table piece (
    start integer primary key,
    stop integer not null,
    code integer
);

-- First characters of everything in the ledger: callers that begin otherwise are never looked up in it.
create table head (
    text text primary key
) without rowid;
