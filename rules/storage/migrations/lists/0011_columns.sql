-- The appeal that a seal was released for, and the case whose complaints put a number on the ladder without a person: both
-- stood in the reasons only.
alter table seal add column appeal text not null default '';
update seal set appeal = substr(release_reason, 8, 13) where release_reason glob 'appeal A-?????-?????: *';
alter table standing add column case_id integer;
update standing set case_id = cast(substr(reason, instr(reason, '(case ') + 6) as integer)
    where author = 'policy' and reason glob '* (case [0-9]*)';
