-- Rebuilds of pools: how far each desktop is in them.

CREATE TABLE rollouts (
    job_id       TEXT NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    project_id   TEXT NOT NULL,
    pool_id      TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    image_id     TEXT NOT NULL,
    image_type   TEXT NOT NULL,
    delay        BIGINT NOT NULL, -- nanoseconds
    message      TEXT NOT NULL,
    order_id     TEXT NOT NULL,
    handle       TEXT NOT NULL,
    fix          BOOLEAN NOT NULL,
    parallel     BIGINT NOT NULL,
    max_failures BIGINT NOT NULL,
    taken        BOOLEAN NOT NULL,
    stopped      TEXT NOT NULL,
    created      TIMESTAMPTZ NOT NULL,
    ended        TIMESTAMPTZ
);
CREATE INDEX rollouts_open ON rollouts (created, job_id) WHERE ended IS NULL;
CREATE INDEX rollouts_pool ON rollouts (pool_id, created);

CREATE TABLE rollout_items (
    job_id     TEXT NOT NULL REFERENCES rollouts (job_id) ON DELETE CASCADE,
    desktop_id TEXT NOT NULL,
    sub_job_id TEXT NOT NULL,
    state      TEXT NOT NULL,
    deadline   TIMESTAMPTZ,
    told       TIMESTAMPTZ,
    ready      BOOLEAN NOT NULL,
    wipe       BOOLEAN NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (job_id, desktop_id)
);
CREATE UNIQUE INDEX rollout_items_sub_job_id ON rollout_items (sub_job_id);
-- Few countdowns run at a time.
CREATE INDEX rollout_items_warned ON rollout_items (desktop_id) WHERE state = 'WARNED';

-- Which of its pool's disks a data disk is; empty outside pools.
ALTER TABLE volumes ADD COLUMN pool_volume_id TEXT NOT NULL DEFAULT '';
