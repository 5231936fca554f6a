-- What people wrote is erased some time after they were answered.
create index complaint_words on complaint (state_at) where contents is not null;
create index appeal_words on appeal (decided) where contents is not null;
