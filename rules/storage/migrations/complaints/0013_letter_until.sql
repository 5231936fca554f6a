-- Until when the code in a request to confirm an address counts. One that left before codes ran out has no end.
alter table letter add column until real;
