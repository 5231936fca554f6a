-- Calls stopped, by the seal that each record names. The counts by day before (table stopped) stay for seals that are older:
-- they can't tell the calls of the day of the seal that came before it.
create table stopped_by (
    seal integer primary key,
    calls integer not null
);
