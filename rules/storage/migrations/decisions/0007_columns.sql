-- What matched, with entry and source apart, and what the source is: a seal by its id; a number, owner or business of the
-- ladder by its name; then the suspicion that it added, and whether it was only observed. Records of before wrote
-- "entry (source)", "observe: suspicion +4", and a range with a hyphen.
update decision set fired = (
    select json_group_array(json(
        case when source is null then json_array(name, step, effect, entry, '', '', points, observed)
        when step = 'sealed' and source glob 'seal [0-9]*' then json_array(name, step, effect, entry, substr(source, 6), 'seal', points, observed)
        when name = 'ladder' and substr(source, 1, instr(source, ' ') - 1) in ('number', 'owner', 'business') then
            json_array(name, step, effect, entry, substr(source, instr(source, ' ') + 1), substr(source, 1, instr(source, ' ') - 1), points, observed)
        else json_array(name, step, effect, entry, source, '', points, observed) end
    ))
    from (
        select one.value ->> 0 as name, one.value ->> 1 as step, observed,
            case when said glob 'suspicion *' then 'suspicion' else said end as effect,
            case when said glob 'suspicion *' then cast(substr(said, 11) as integer) else 0 end as points,
            case when split then replace(substr(detail, 1, instr(detail, ' (') - 1), '-', '..')
            when detail glob '+[0-9]*-[+0-9]*' or detail glob '[A-Z][A-Z]:[0-9]*-*' then replace(detail, '-', '..') else detail end as entry,
            case when split then substr(detail, instr(detail, ' (') + 2, length(detail) - instr(detail, ' (') - 2) end as source
        from (
            select value, value ->> 3 as detail, value ->> 2 glob 'observe: *' as observed,
                case when value ->> 2 glob 'observe: *' then substr(value ->> 2, 10) else value ->> 2 end as said,
                instr(value ->> 3, ' (') > 0 and substr(value ->> 3, -1) = ')' and value ->> 1 <> 'deciding rule' as split
            from json_each(fired)
        ) one
    )
) where fired <> '[]';

-- Could the caller's number be believed? It stands among the facts already, and is read from there.
alter table decision add column believed integer generated always as (coalesce(facts ->> 'believed', 0)) virtual;
