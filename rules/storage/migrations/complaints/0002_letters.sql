-- Who an address belongs to, told apart by its keyed pseudonym; nobody gets a letter who did not confirm it.
alter table complaint add column contact_key text not null default '';
alter table appeal add column contact_key text not null default '';

create table confirmed (
    contact_key text primary key,
    at real not null
) without rowid;

-- The owner of sealed numbers hears of it too.
create table owner_contact (
    name text primary key,
    contact_key text not null,
    contents blob not null         -- encrypted
) without rowid;

-- What is to be said to whom. Texts are written when a letter leaves, and kept nowhere.
create table letter (
    id integer primary key autoincrement,
    kind text not null check (kind in ('confirm', 'answer', 'appeal', 'owner')),
    reference text not null,       -- of a complaint or appeal; name of an owner
    contact_key text not null,
    outcome text not null,
    number text not null,
    created real not null,
    sent real,
    attempts integer not null default 0,
    error text not null default ''
);
create unique index letter_once on letter (kind, reference, outcome, number) where kind <> 'owner';
create unique index letter_confirm on letter (contact_key) where kind = 'confirm';
create index letter_waiting on letter (id) where sent is null;
