-- Phones write numbers into Call-IDs: such a one is kept with hidden digits, and found again by this keyed pseudonym.
alter table decision add column call_key text not null default '';
