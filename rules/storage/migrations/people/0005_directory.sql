-- Sessions that a staff directory let in: it says when they are over.
alter table session add column directory_subject text not null default '';  -- whom it knows by this; empty: not by it
alter table session add column directory_session text not null default '';
alter table session add column directory_token blob;                        -- encrypted; by which it is asked
alter table session add column directory_asked real not null default 0;     -- when it said last that he is there
create index session_directory on session (directory_subject) where directory_subject <> '';
