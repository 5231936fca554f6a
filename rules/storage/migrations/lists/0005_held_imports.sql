-- Imports that wait for a person, with the file as it came: it goes through every check again when it is released.
create table held_import (
    id integer primary key autoincrement,
    list text not null,
    author text not null,
    created real not null,
    why text not null,
    origin text not null,          -- JSON, for rows that give none
    wishes text not null,          -- JSON: how it was to be done
    data blob not null,            -- zlib; empty once it has ended
    ended real,
    ended_by text not null default '',
    ended_why text not null default '',
    import_id integer references import (id)  -- what it became; null when it was dropped
);
