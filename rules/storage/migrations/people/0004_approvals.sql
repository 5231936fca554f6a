-- What one proposes and another confirms.
create table approval (
    id integer primary key autoincrement,
    kind text not null,                 -- seal, release, account, key, unmask, export
    about text not null,                -- case 7, account wang
    arguments text not null,            -- JSON: what is done once it is confirmed
    reason text not null,
    proposer text not null,
    proposed real not null,
    lapses real not null,
    decided real,
    decider text not null default '',
    decision text not null default '',  -- confirmed, refused
    why text not null default '',
    used real                           -- when it was done
);
create index approval_open on approval (lapses) where decided is null;
