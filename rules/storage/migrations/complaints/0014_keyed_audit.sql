-- Entries of the audit are chained under a key that lies outside the database: whoever can write the file cannot compute
-- the chain anew. What was entered before keeps its hash, and the first entry under the key binds all of it.
alter table step add column role text not null default '';    -- in which the actor acted
alter table step add column door text not null default '';    -- command line, api, page; empty: the service itself
alter table step add column before text not null default '';
alter table step add column after text not null default '';
alter table step add column keyed integer not null default 0; -- is its hash made under the key?
