-- Whose step of the ladder an appeal is against stood before the name: number, owner, business; empty for anything else.
alter table appeal add column whose text not null default '';
update appeal set whose = substr(target, 1, instr(target, ' ') - 1), target = substr(target, instr(target, ' ') + 1)
    where attacks = 'ladder' and substr(target, 1, instr(target, ' ') - 1) in ('number', 'owner', 'business');

-- What a letter is about was told by the first letter of its reference, and that it asks an owner by its outcome, with the
-- key of the address where a number would stand.
alter table letter add column about text not null default '';
update letter set about = case when kind = 'owner' or (kind = 'confirm' and outcome = 'owner') then 'owner'
    when reference glob 'A-*' then 'appeal' else 'complaint' end;
drop index letter_once;
update letter set outcome = '', number = '' where kind = 'confirm' and about = 'owner';
create unique index letter_once on letter (kind, reference, outcome, number, contact_key) where kind <> 'owner';
