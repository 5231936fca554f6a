-- Who may do what: accounts with their roles and sessions, what takes two, and what was done with them. No password
-- stands here, only what Argon2 makes of it, and no token, only its hash.
create table account (
    id integer primary key autoincrement,
    name text not null,
    folded text not null unique,        -- the name without its case; one that was removed is never given again
    display_name text not null,
    language text not null,             -- en, zh, or nothing: what the browser asks for
    login text unique,                  -- the account of the system that acts as this one on the command line
    password text not null,             -- by Argon2; empty: nobody signs in with one
    password_at real,
    created real not null,
    author text not null,
    signed_in real,                     -- last
    disabled real,
    removed real,
    totp blob,                          -- the secret of the codes that his telephone shows, encrypted; null: none
    totp_begun blob,                    -- not confirmed by a code yet
    totp_step integer not null default 0  -- of the last code: none opens twice (RFC 6238 5.2)
);

create table account_role (
    account integer not null references account (id),
    role text not null,
    primary key (account, role)
) without rowid;

-- Codes on paper, for who has no telephone at hand.
create table recovery (
    account integer not null references account (id),
    hash blob not null,                 -- SHA-256 of a code of 80 bits, which opens once
    primary key (account, hash)
) without rowid;

create table session (
    hash blob primary key,              -- SHA-256 of the token, which has 256 bits
    account integer not null references account (id),
    created real not null,
    seen real not null,
    address text not null,
    directory_subject text not null default '',  -- whom a staff directory knows by this; empty: it did not let him in
    directory_session text not null default '',
    directory_token blob,                        -- encrypted; by which it is asked
    directory_asked real not null default 0      -- when it said last that he is there
) without rowid;
create index session_account on session (account);
create index session_directory on session (directory_subject) where directory_subject <> '';

-- What did not let somebody in, while it counts against the next try.
create table failure (
    at real not null,
    name text not null,                 -- as it was typed, without its case: of somebody or nobody
    address text not null
);
create index failure_at on failure (at);

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

-- What was done with all these, only added to, and chained under the audit key.
create table step (
    id integer primary key autoincrement,
    at real not null,
    actor text not null,
    subject text not null,
    subject_id text not null,
    step text not null,
    reason text not null,
    detail text not null,
    hash text not null,            -- under the audit key, over all of it and the hash before
    role text not null default '',
    door text not null default '',
    before text not null default '',
    after text not null default '',
    keyed integer not null default 0
);
create index step_subject on step (subject, subject_id);
create trigger step_is_final before update on step begin select raise(abort, 'steps are never changed'); end;
create trigger step_stays before delete on step begin select raise(abort, 'steps are never deleted'); end;
