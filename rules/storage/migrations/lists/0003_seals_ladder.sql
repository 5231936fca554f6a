-- Which numbers a person sealed, and what allowed them before: release puts it back.
create table seal (
    id integer primary key autoincrement,
    case_id integer not null,
    code integer not null,
    number text not null,
    list integer not null references list (id),
    owner text not null,           -- of the allow entries that were suspended
    author text not null,
    reason text not null,
    sealed real not null,
    released real,
    release_author text not null default '',
    release_reason text not null default ''
);
create unique index seal_standing on seal (code) where released is null;
create index seal_case on seal (case_id);

create table suspended (
    seal integer not null references seal (id),
    list integer not null,
    start integer not null,
    stop integer not null,
    places integer not null,
    text text not null,            -- as people write it
    origin integer not null,
    primary key (seal, list, start, stop, places)
) without rowid;

-- Where repeat offenders stand; the step at a moment follows from level, offences and time (rules/judging/ladder.py).
create table standing (
    kind text not null check (kind in ('number', 'owner', 'business')),
    name text not null,            -- canonical number, or name of the owner or business
    level integer not null,
    offences integer not null,
    since real not null,
    reason text not null,
    author text not null,
    primary key (kind, name)
) without rowid;

-- Whose a number is: an owner keeps his step on all his numbers.
create table belongs (
    number text not null,
    kind text not null check (kind in ('owner', 'business')),
    name text not null,
    since real not null,
    primary key (number, kind)
) without rowid;
create index belongs_name on belongs (kind, name);

alter table change add column ladder integer not null default 0;
