-- What is deleted by its age is found by its age.

CREATE INDEX jobs_age ON jobs (created, id);
CREATE INDEX pool_notices_age ON pool_notices (created, id);
