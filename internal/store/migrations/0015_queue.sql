-- The queue of each type of sub-job by itself: what a worker has no room for is not read on the way to what it has.
CREATE INDEX sub_jobs_queue ON sub_jobs (type, run_at, id) WHERE state IN ('WAITING', 'RUNNING');
DROP INDEX sub_jobs_due;
