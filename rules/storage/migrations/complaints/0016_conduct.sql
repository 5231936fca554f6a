-- What somebody looked at lately is counted once a minute, and how much one sees in full whenever he wants more.
create index step_actor on step (actor, step, at);
create index step_looked on step (at, actor, step, detail, subject, subject_id) where
    step in ('looked at', 'listed', 'searched', 'exported', 'words read', 'unmasked', 'traced', 'unmasking refused');
