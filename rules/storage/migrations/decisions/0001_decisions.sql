-- One row a judged call. Ids begin with the time, so that the index on them grows at its end.
create table decision (
    seq integer primary key,
    id text not null unique,
    at real not null,
    call_id text not null,
    source text not null,
    trunk text not null,
    caller text not null,        -- canonical, in clear: evidence needs it
    caller_class text not null,
    called_key text not null,    -- keyed pseudonym; the key lies outside the database
    called_class text not null,
    called_area text not null,   -- digits up to the area code
    called_group text not null,
    action text not null,
    step text not null,
    rule text not null,
    reason text not null,
    profile text not null,
    suspicion integer not null,
    fired text not null,         -- JSON: [[name, step, effect, detail], ...]
    facts text not null,         -- JSON: what else the rules could see
    revision text not null,
    status integer,              -- null until the call has ended
    rang integer,
    setup_ms integer
);
