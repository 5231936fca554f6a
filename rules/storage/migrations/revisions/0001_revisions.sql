-- What was ever live. Rows are only added: going back stores the old files once more under a new number.
create table revision (
    number integer primary key autoincrement,
    hash text not null,          -- what decisions carry: a hash over what the rules mean
    author text not null,
    reason text not null,
    created real not null,
    packs text not null          -- JSON: `use` of ringfence.yaml at that time
);
create index revision_hash on revision (hash, number);

create table body (
    id text primary key,         -- SHA-256 of the text: a file that stays the same is kept once
    text text not null
) without rowid;

create table revision_file (
    number integer not null references revision (number),
    pack text not null,          -- empty: a file of the operator
    name text not null,
    body text not null references body (id),
    primary key (number, pack, name)
) without rowid;
