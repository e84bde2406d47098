-- Scripts, the tasks that run them in desktops, and what came of each in each desktop.

CREATE TABLE scripts (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    type        TEXT NOT NULL,
    description TEXT NOT NULL,
    version     TEXT NOT NULL,
    content     TEXT NOT NULL,
    created     TIMESTAMPTZ NOT NULL,
    updated     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX scripts_name_folded ON scripts (project_id, name_folded);
CREATE INDEX scripts_created ON scripts (project_id, created, id);

CREATE TABLE script_tasks (
    id         TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    job_id     TEXT NOT NULL, -- of its last attempt
    type       TEXT NOT NULL,
    pool_id    TEXT NOT NULL, -- empty unless it is about a pool, which may be gone
    pool_name  TEXT NOT NULL,
    as_user    BOOLEAN NOT NULL,
    minutes    BIGINT NOT NULL,
    threshold  BIGINT NOT NULL,
    finish     TEXT NOT NULL,
    status     TEXT NOT NULL,
    released   BOOLEAN NOT NULL, -- the desktops after the first batch may run it
    succeeded  BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    skipped    BIGINT NOT NULL,
    created    TIMESTAMPTZ NOT NULL,
    ended      TIMESTAMPTZ
);
CREATE INDEX script_tasks_list ON script_tasks (project_id, created, id);
CREATE INDEX script_tasks_pool ON script_tasks (project_id, pool_id, created, id) WHERE pool_id <> '';
CREATE INDEX script_tasks_job ON script_tasks (job_id);
CREATE INDEX script_tasks_age ON script_tasks (ended, id) WHERE ended IS NOT NULL;

-- What a task runs, as it was when the task was made: scripts change, and are deleted.
CREATE TABLE script_task_scripts (
    task_id   TEXT NOT NULL REFERENCES script_tasks (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    script_id TEXT NOT NULL, -- empty for a command
    name      TEXT NOT NULL,
    version   TEXT NOT NULL,
    content   TEXT NOT NULL,
    PRIMARY KEY (task_id, position)
);
CREATE INDEX script_task_scripts_script ON script_task_scripts (script_id, task_id);

CREATE TABLE script_records (
    id           TEXT NOT NULL PRIMARY KEY,
    project_id   TEXT NOT NULL,
    task_id      TEXT NOT NULL REFERENCES script_tasks (id) ON DELETE CASCADE,
    sub_job_id   TEXT NOT NULL, -- of its last attempt
    type         TEXT NOT NULL,
    position     BIGINT NOT NULL, -- of the script in its task
    script_id    TEXT NOT NULL,
    script_name  TEXT NOT NULL,
    pool_id      TEXT NOT NULL,
    desktop_id   TEXT NOT NULL, -- the desktop may be gone
    desktop_name TEXT NOT NULL,
    batch        BIGINT NOT NULL, -- 1: the first batch, 2: those after it, 0: the task has no batches
    status       TEXT NOT NULL,
    stopping     BOOLEAN NOT NULL,
    attempt      BIGINT NOT NULL,
    latest       BOOLEAN NOT NULL, -- the desktop has no later record of this script
    result_code  TEXT NOT NULL,
    reason       TEXT NOT NULL,
    output       TEXT NOT NULL,
    created      TIMESTAMPTZ NOT NULL,
    begun        TIMESTAMPTZ,
    ended        TIMESTAMPTZ
);
CREATE INDEX script_records_list ON script_records (project_id, created, task_id, desktop_name, position, id);
CREATE INDEX script_records_task ON script_records (task_id, batch, status);
CREATE INDEX script_records_sub_job ON script_records (sub_job_id);
CREATE INDEX script_records_desktop ON script_records (desktop_id, script_id, created);
CREATE INDEX script_records_script ON script_records (script_id, created) WHERE script_id <> '';
CREATE INDEX script_records_open ON script_records (script_id, sub_job_id) WHERE status IN ('WAITING', 'RUNNING');
CREATE INDEX script_records_age ON script_records (ended, id) WHERE ended IS NOT NULL;
