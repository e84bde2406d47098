-- How much a project may have. A missing figure (NULL) is that of the row without a project, which is for all; -1 is no limit.
CREATE TABLE quotas (
    project_id TEXT NOT NULL PRIMARY KEY, -- empty: every project without a figure of its own
    desktops   BIGINT,
    cores      BIGINT,
    memory_mib BIGINT,
    volumes    BIGINT,
    gigabytes  BIGINT,
    users      BIGINT
);

-- What the desktop of a sub-job gets once the sub-job is done, in projects with a limit.
CREATE TABLE quota_growths (
    sub_job_id TEXT NOT NULL PRIMARY KEY REFERENCES sub_jobs (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    cores      BIGINT NOT NULL,
    memory_mib BIGINT NOT NULL,
    volumes    BIGINT NOT NULL,
    gigabytes  BIGINT NOT NULL
);
CREATE INDEX quota_growths_project ON quota_growths (project_id);
