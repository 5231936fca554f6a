-- What each rule did, by day of the operator's zone; kept for 90 days (rules/records/rule_days.py).
create table rule_day (
    day integer not null,          -- yyyymmdd
    rule text not null,
    matched integer not null,      -- calls on which it held
    acted integer not null,        -- of these, where it did what it says
    observed integer not null,     -- and where it only watched
    would_change integer not null, -- of those watched, where the call would have gone another way had it acted
    allowed integer not null,      -- calls of callers whom an allow list covers
    last real not null,            -- the latest call
    primary key (day, rule)
) without rowid;
