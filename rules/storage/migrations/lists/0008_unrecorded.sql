-- What was done to the ladder stands in the audit, which lies in another database: until it does, it stands here, written
-- in the transaction that did it. A stop between the two leaves no step without an entry.
create table unrecorded (
    id integer primary key,
    at real not null,
    actor text not null,
    subject text not null,
    subject_id text not null,
    step text not null,
    reason text not null,
    detail text not null
);
