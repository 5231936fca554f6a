-- The day on which was last forgotten who rang whom too long ago: once a day is enough.
alter table progress add column forgotten integer not null default 0;
