-- Each session has an entry from now on, which `audit verify` asks for: whoever is signed in comes in again, once.
delete from session;
