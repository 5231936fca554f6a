-- A letter that could not leave is tried again for days, after pauses that grow; what the server refused for good is told
-- to the desk at once. Eight tries in a row gave letters up before, whatever the reason: these are tried anew.
alter table letter add column next_try real not null default 0;  -- not before
alter table letter add column first_failed real;
alter table letter add column fault text not null default '';    -- of the last try: server, temporary, permanent
alter table letter add column given_up real;                     -- nothing more is tried until somebody says so
update letter set attempts = 0 where sent is null and attempts >= 8;
create index letter_given_up on letter (given_up) where given_up is not null and sent is null;
