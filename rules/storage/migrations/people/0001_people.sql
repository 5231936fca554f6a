-- Who may do what: accounts with their roles and sessions, and what was done with them. No password stands here, only
-- what Argon2 makes of it, and no token, only its hash.
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
    removed real
);

create table account_role (
    account integer not null references account (id),
    role text not null,
    primary key (account, role)
) without rowid;

create table session (
    hash blob primary key,              -- SHA-256 of the token, which has 256 bits
    account integer not null references account (id),
    created real not null,
    seen real not null,
    address text not null
) without rowid;
create index session_account on session (account);

-- What did not let somebody in, while it counts against the next try.
create table failure (
    at real not null,
    name text not null,                 -- as it was typed, without its case: of somebody or nobody
    address text not null
);
create index failure_at on failure (at);

create table step (
    id integer primary key autoincrement,
    at real not null,
    actor text not null,
    subject text not null,
    subject_id text not null,
    step text not null,
    reason text not null,
    detail text not null
);
