-- Who complained, about whom, and what the desk made of it. Reporters and called numbers are keyed pseudonyms; what
-- people wrote is encrypted; both keys lie outside the database.
create table case_file (
    id integer primary key autoincrement,
    number text not null,          -- canonical, in clear: evidence needs it
    class text not null,           -- and what it was counted under when the case began
    prefix text not null,
    code text not null,
    holder text not null,
    state text not null,
    version integer not null default 1,  -- counted up by each step; two officers at once are told apart by it
    opened real not null,
    first_complaint real not null,
    verified real,
    found_by text not null default '',   -- how it was verified: trunk, identity, owner
    sealed real,
    seal integer,                  -- id of the seal in the database of lists
    closed real,
    trunk text not null default '',      -- where forged calls came from
    handed_to text not null default '',
    handed_at real,
    their_reference text not null default '',
    their_answer text not null default '',
    on_top text not null default '',     -- why it stands above all others
    last_step text not null default '',
    last_actor text not null default '',
    last_at real not null
);
create unique index case_open on case_file (number) where state in ('collecting', 'verifying', 'verified', 'sealed');
create index case_number on case_file (number);
create index case_state on case_file (state);
create index case_forged on case_file (trunk) where state = 'forged';

create table complaint (
    id integer primary key autoincrement,
    reference text not null unique,      -- what the reporter is told; it cannot be guessed
    received real not null,
    call_at real,                  -- when the call was, as far as known
    call_day integer not null,     -- yyyymmdd of the call in the configured zone, else of the receipt
    accused text not null,         -- canonical
    reporter text not null,        -- keyed pseudonym
    line text not null,            -- keyed pseudonym of the called number; the reporter's where it is not known
    category text not null,
    channel text not null,
    source text not null,          -- API key, file or person that brought it
    business text not null,        -- on whose behalf the call was
    knew text not null,            -- what the caller knew of the reporter: words out of name, plan, branch, purchase
    branch text not null,          -- the office that was named; an office is no person
    contents blob,                 -- encrypted: free text, contact, what exactly the caller knew
    decision text not null,        -- the judged call, where its record was found
    tie text not null,             -- judged, unwanted, untied
    never_called integer not null, -- there is a record, and no call of this number to that line in it
    state text not null,
    state_at real not null,
    case_id integer not null references case_file (id)
);
create unique index complaint_once on complaint (accused, reporter, call_day, channel) where state <> 'withdrawn';
create index complaint_evidence on complaint (case_id, reporter, line, tie, received)
    where state not in ('withdrawn', 'rejected');
create index complaint_case on complaint (case_id, state);
create index complaint_received on complaint (received);
create index complaint_branch on complaint (branch, received) where branch <> '';

-- When something is due. Never deleted and never stopped: met, running or overdue.
create table clock (
    subject text not null check (subject in ('case', 'appeal')),
    id integer not null,
    name text not null,
    started real not null,
    due real not null,
    met real,
    primary key (subject, id, name)
) without rowid;
create index clock_due on clock (due) where met is null;

create table appeal (
    id integer primary key autoincrement,
    reference text not null unique,
    received real not null,
    number text not null,
    decision text not null,
    attacks text not null,         -- rule, entry, ladder, seal
    target text not null,          -- name of the rule, entry, step or seal
    contents blob,                 -- encrypted: what the appellant wrote, and where the answer goes
    state text not null,
    version integer not null default 1,
    decided real,
    decided_by text not null default '',
    reason text not null default ''
);
create index appeal_number on appeal (number);
create index appeal_state on appeal (state);

-- What was done, by whom and why. Rows are only added, each with a hash over itself and the one before.
create table step (
    id integer primary key autoincrement,
    at real not null,
    actor text not null,
    subject text not null,         -- case, complaint, appeal, ladder
    subject_id text not null,
    step text not null,
    reason text not null,
    detail text not null,
    hash text not null
);
create index step_subject on step (subject, subject_id);
create trigger step_is_final before update on step begin select raise(abort, 'steps are never changed'); end;
create trigger step_stays before delete on step begin select raise(abort, 'steps are never deleted'); end;

-- Sums by period (2026-07-01, 2026-07, 2026Q3), written in the transaction of what they count; they never expire.
create table tally (
    dimension text not null,       -- all, class, code, holder, branch, prefix, category, business
    key text not null,
    period text not null,
    measure text not null,
    value integer not null,
    primary key (dimension, period, measure, key)
) without rowid;

-- Whom a number rang lately, out of the decision records: the n of evidence, and what complaints are tied to.
create table rang (
    caller text not null,
    line text not null,
    last real not null,
    decision text not null,
    believed integer not null,
    primary key (caller, line)
) without rowid;

create table stopped (
    number text not null,
    day integer not null,
    calls integer not null,
    primary key (number, day)
) without rowid;

-- How far the decision records are counted.
create table progress (
    only integer primary key check (only = 1),
    seq integer not null
);
insert into progress values (1, 0);
