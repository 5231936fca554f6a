-- Keys of the API, what they used of their allowance, and answers that may be asked for again. No secret stands here:
-- only its hash, which is enough because a secret has 256 bits.
create table access_key (
    id text primary key,           -- shown in lists, and the first part of what the client sends
    name text not null,            -- the source of complaints; who acts where acts_as is empty
    secret_hash blob not null,     -- SHA-256
    scopes text not null,          -- words, separated by blanks
    acts_as text not null,         -- login name of the officer in whose name steps are taken
    daily integer not null,        -- requests a day
    created real not null,
    author text not null,
    expires real,
    revoked real,
    revoked_by text not null default ''
) without rowid;
create index access_key_name on access_key (name);

create table used (
    source text not null,          -- name of the key
    day integer not null,          -- days since the epoch, UTC
    requests integer not null,
    primary key (source, day)
) without rowid;

create table answer (
    source text not null,
    token text not null,           -- keyed pseudonym of the Idempotency-Key
    fingerprint text not null,     -- keyed pseudonym of method, path and body
    status integer not null,
    location text not null,
    body blob not null,
    at real not null,
    primary key (source, token)
) without rowid;
create index answer_at on answer (at);
