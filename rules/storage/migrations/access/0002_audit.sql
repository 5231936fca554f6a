-- Which keys were made and revoked, by whom; only added to, and chained under the audit key.
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
