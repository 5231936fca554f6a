-- How many people complained in a period, as it was counted last: right as long as as many complaints came in and ended
-- in it as then. Counting them reads every complaint of the period.
create table reporters_counted (
    period text not null,
    dimension text not null,
    complaints integer not null,   -- that had come in,
    ended integer not null,        -- and of these were withdrawn or rejected
    counts text not null,          -- JSON: reporters by key
    everybody integer not null,
    primary key (period, dimension)
) without rowid;
