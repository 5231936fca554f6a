-- Subscribers who called for help: calls to them pass for a while, also when the proxy was started again meanwhile.
create table call_for_help (
    number_key text primary key, -- keyed pseudonym, as decision.called_key
    at real not null
) without rowid;
