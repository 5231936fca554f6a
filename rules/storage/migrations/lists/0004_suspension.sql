-- Whether an allow entry counts is asked of the seals that stand (rules/lists/suspension.py): what seals had taken off
-- lists, and the holes that they had cut into prefixes, come back.
update list set entries = entries + (
    select count(*) from suspended u where u.list = list.id and u.start = u.stop
    and not exists (select 1 from exact e where e.code = u.start and e.list = u.list)
);
insert or ignore into exact (code, list, origin) select start, list, origin from suspended where start = stop;
create trigger hole_closes after delete on suspended when old.start <> old.stop begin
    update wide set holes = trim(replace(
        ' ' || holes || ' ', (select ' ' || code || ':' || code || ':' || number || ' ' from seal where id = old.seal), ' '
    )) where list = old.list and start = old.start and stop = old.stop and places = old.places;
end;
delete from suspended;
drop table suspended;
