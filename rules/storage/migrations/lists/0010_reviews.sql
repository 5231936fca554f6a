-- Notice is given before a review is due, so somebody looks for these all the time.
create index origin_review on origin (review) where review is not null;
