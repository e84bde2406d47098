-- The first sub-job that nobody holds, of whatever type: what an idle process asks for.
CREATE INDEX sub_jobs_waiting ON sub_jobs (run_at, type) WHERE lease_until IS NULL AND state IN ('WAITING', 'RUNNING');
