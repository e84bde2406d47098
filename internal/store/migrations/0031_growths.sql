-- What sub-jobs that change desktops will make those take more, in MiB: it is promised before the rows of the desktops say so.
CREATE TABLE growths (
    sub_job_id TEXT NOT NULL REFERENCES sub_jobs (id) ON DELETE CASCADE,
    type       TEXT NOT NULL, -- of volume; empty: memory
    mib        BIGINT NOT NULL,
    PRIMARY KEY (sub_job_id, type)
);
