-- How often each list entry covered a judged call; it outlives the decisions, which are pruned.
create table hit_count (
    list text not null,
    entry text not null,
    hits integer not null,
    last real not null,
    primary key (list, entry)
) without rowid;
create index hit_count_most on hit_count (list, hits);
