-- When each case is due next, kept beside it, so that the most pressing ones are read in their order and the others are not.
alter table case_file add column next_due real not null default 1e18;  -- no clock runs: behind all others
update case_file set next_due =
    coalesce((select min(due) from clock where subject = 'case' and id = case_file.id and met is null), 1e18);
create trigger clock_started after insert on clock when new.subject = 'case' begin
    update case_file set next_due = min(next_due, new.due) where id = new.id and new.met is null;
end;
create trigger clock_changed after update of due, met on clock when new.subject = 'case' begin
    update case_file set next_due = coalesce(
        (select min(due) from clock where subject = 'case' and id = new.id and met is null), 1e18) where id = new.id;
end;
create index case_turn on case_file ((on_top = ''), next_due, id);
drop index case_state;
create index case_state on case_file (state, (on_top = ''), next_due, id);
create index case_holder on case_file (holder, (on_top = ''), next_due, id) where holder <> '';
create index case_actor on case_file (last_actor, (on_top = ''), next_due, id) where last_actor <> '';
