-- Passkeys (WebAuthn): of each the public half, which opens nothing by itself.
create table passkey (
    id integer primary key autoincrement,
    account integer not null references account (id),
    credential blob not null unique,    -- by which the authenticator knows it
    public_key blob not null,           -- COSE (RFC 9052)
    signs integer not null,             -- how often it has signed, where it counts that
    name text not null,
    created real not null,
    used real
);
create index passkey_account on passkey (account);

-- Challenges that were answered: each is good once.
create table passkey_answered (
    hash blob primary key,              -- SHA-256
    at real not null
) without rowid;
