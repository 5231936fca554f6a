-- What somebody has beside what he knows: the secret of the codes that his telephone shows, encrypted, and codes on paper.
alter table account add column totp blob;                        -- null: none
alter table account add column totp_begun blob;                  -- not confirmed by a code yet
alter table account add column totp_step integer not null default 0;  -- of the last code: none opens twice (RFC 6238 5.2)

create table recovery (
    account integer not null references account (id),
    hash blob not null,                 -- SHA-256 of a code of 80 bits, which opens once
    primary key (account, hash)
) without rowid;
