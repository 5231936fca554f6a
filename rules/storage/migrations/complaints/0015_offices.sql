-- Offices that reporters may name as the place a caller had their data from: banks and platforms, their branches, how
-- else they are written, and who answers for them. `title` is what complaints and sums say: "ABC Bank / Chaoyang branch".
create table office (
    id integer primary key autoincrement,
    title text not null unique,
    name text not null,
    bank integer references office (id),  -- whose branch it is; null: a bank or platform, or an office of none
    answers text not null default '',     -- who answers for it
    added real not null
);
create index office_bank on office (bank);
create table office_name (
    office integer not null references office (id),
    name text not null,            -- as people write it, too
    primary key (office, name)
) without rowid;
-- All that a name is found by, made anew with each change; office is null where two offices could be meant.
create table office_key (
    key text not null,
    exact integer not null,        -- 0: without suffixes such as branch, 支行
    office integer references office (id),
    primary key (key, exact)
) without rowid;
-- As the reporter wrote it, where the directory or a person knows it by another name: what was merged can be parted.
alter table complaint add column heard text not null default '';

-- A leak that somebody has seen: its alert rests until enough others speak.
create table leak_seen (
    office text not null,          -- title, or the name that was heard
    at real not null,
    who text not null,
    reason text not null,
    primary key (office, at)
) without rowid;

-- What an office was asked after a leak. One open inquiry at most for each.
create table inquiry (
    id integer primary key autoincrement,
    office text not null,
    state text not null check (state in ('open', 'answered', 'closed')),
    opened real not null,
    opened_by text not null,
    asked text not null,           -- what
    asked_of text not null,        -- who answers for it
    due real not null,
    answered real,
    answer text not null default '',
    closed real,
    closed_by text not null default '',
    finding text not null default '',  -- confirmed, unfounded, unclear
    reason text not null default '',
    version integer not null default 1
);
create unique index inquiry_once on inquiry (office) where state <> 'closed';
create index inquiry_due on inquiry (due) where state = 'open';
