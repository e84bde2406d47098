-- Desktop pools: their people, those who wait for a desktop, what was decided about them and what their people were told.

CREATE TABLE pools (
    id                TEXT NOT NULL PRIMARY KEY,
    project_id        TEXT NOT NULL,
    name              TEXT NOT NULL,
    name_folded       TEXT NOT NULL,
    type              TEXT NOT NULL,
    description       TEXT NOT NULL,
    zone              TEXT NOT NULL,
    product_id        TEXT NOT NULL,
    image_type        TEXT NOT NULL,
    image_id          TEXT NOT NULL,
    root              TEXT NOT NULL, -- JSON, as are data, subnet_ids, security_groups, tags, policy, reset, history and scale
    data              TEXT NOT NULL,
    vpc_id            TEXT NOT NULL,
    subnet_ids        TEXT NOT NULL,
    security_groups   TEXT NOT NULL,
    enterprise_id     TEXT NOT NULL,
    ou_name           TEXT NOT NULL,
    domain            TEXT NOT NULL,
    name_policy_id    TEXT NOT NULL,
    tags              TEXT NOT NULL,
    retention_minutes BIGINT NOT NULL,
    autoscaling       BOOLEAN NOT NULL,
    policy            TEXT NOT NULL,
    reset             TEXT NOT NULL,
    in_maintenance    BOOLEAN NOT NULL,
    frozen            BOOLEAN NOT NULL,
    history           TEXT NOT NULL,
    scale             TEXT NOT NULL,
    created           TIMESTAMPTZ NOT NULL,
    updated           TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX pools_name_folded ON pools (project_id, name_folded);
CREATE INDEX pools_created ON pools (project_id, created, id);
CREATE INDEX pools_autoscaling ON pools (id) WHERE autoscaling;

-- Who may use a pool. The object is a person or a group; a grant goes with it.
CREATE TABLE pool_grants (
    pool_id    TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    object_id  TEXT NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,         -- the object, if it is a person
    group_id   TEXT REFERENCES people_groups (id) ON DELETE CASCADE, -- the object, if it is a group
    user_group TEXT NOT NULL,
    position   BIGINT NOT NULL, -- among those of the same time
    created    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (pool_id, type, object_id)
);
CREATE INDEX pool_grants_list ON pool_grants (pool_id, created, position, object_id);
CREATE INDEX pool_grants_user ON pool_grants (user_id, pool_id) WHERE user_id IS NOT NULL;
CREATE INDEX pool_grants_group ON pool_grants (group_id, pool_id) WHERE group_id IS NOT NULL;

-- People who watch for a desktop of a pool.
CREATE TABLE pool_waiting (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    since   TIMESTAMPTZ NOT NULL,
    until   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (pool_id, user_id)
);
CREATE INDEX pool_waiting_list ON pool_waiting (pool_id, since, user_id);
CREATE INDEX pool_waiting_user ON pool_waiting (user_id);

CREATE TABLE pool_decisions (
    id      TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    kind    TEXT NOT NULL,
    at      TIMESTAMPTZ NOT NULL,
    inputs  TEXT, -- JSON, as are the next two
    reasons TEXT NOT NULL,
    actions TEXT
);
CREATE INDEX pool_decisions_list ON pool_decisions (pool_id, at, id);
CREATE INDEX pool_decisions_kind ON pool_decisions (pool_id, kind, at, id);

CREATE TABLE pool_notices (
    id      TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    job_id  TEXT NOT NULL,
    text    TEXT NOT NULL,
    created TIMESTAMPTZ NOT NULL
);
CREATE INDEX pool_notices_list ON pool_notices (pool_id, created, id);

-- What a desktop has only in a pool.
ALTER TABLE desktops ADD COLUMN auto_created BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE desktops ADD COLUMN isolated BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE desktops ADD COLUMN used BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE desktops ADD COLUMN idle_since TIMESTAMPTZ;
ALTER TABLE desktops ADD COLUMN bound_user TEXT REFERENCES users (id) ON DELETE SET NULL; -- the three are there together
ALTER TABLE desktops ADD COLUMN bound_at TIMESTAMPTZ;
ALTER TABLE desktops ADD COLUMN disconnected_at TIMESTAMPTZ;

-- One desktop per person and pool. It also finds a person's desktops in all pools.
CREATE UNIQUE INDEX desktops_pool_id ON desktops (bound_user, pool_id) WHERE bound_user IS NOT NULL;
-- The members of pools, and their counts without reading the desktops.
CREATE INDEX desktops_members ON desktops (pool_id, id, isolated, bound_user) WHERE pool_id <> '';
-- Few are unfinished: what a pool's own jobs still do.
CREATE INDEX sub_jobs_pool ON sub_jobs (pool_id, type) WHERE pool_id <> '' AND state IN ('WAITING', 'RUNNING');
