-- Both SQLite and PostgreSQL take this text. Text sorts by its bytes in both. A column that may be NULL is a time that has
-- not come. *_folded is what upper and lower case have in common, made by the program since SQLite folds ASCII only. A unique
-- index is named after its table and last column, by which the program recognises it.

CREATE TABLE subscriptions (
    project_id TEXT NOT NULL PRIMARY KEY,
    id         TEXT NOT NULL,
    vpc_id     TEXT NOT NULL,
    opened     TIMESTAMPTZ NOT NULL
);

CREATE TABLE products (
    id           TEXT NOT NULL PRIMARY KEY,
    cpus         BIGINT NOT NULL,
    memory_mib   BIGINT NOT NULL,
    architecture TEXT NOT NULL,
    os_type      TEXT NOT NULL,
    disk_type    TEXT NOT NULL,
    disk_gb      BIGINT NOT NULL,
    package_type TEXT NOT NULL,
    description  TEXT NOT NULL,
    status       TEXT NOT NULL
);

CREATE TABLE images (
    id             TEXT NOT NULL PRIMARY KEY,
    project_id     TEXT NOT NULL, -- empty: every project's
    type           TEXT NOT NULL,
    name           TEXT NOT NULL,
    os_type        TEXT NOT NULL,
    os_version     TEXT NOT NULL,
    architecture   TEXT NOT NULL,
    vm             BOOLEAN NOT NULL,
    min_memory_mib BIGINT NOT NULL,
    min_disk_gb    BIGINT NOT NULL,
    engine_id      TEXT NOT NULL,
    created        TIMESTAMPTZ NOT NULL
);
CREATE INDEX images_project ON images (project_id, name, id);

CREATE TABLE zones (
    id         TEXT NOT NULL PRIMARY KEY,
    is_default BOOLEAN NOT NULL
);

CREATE TABLE volume_types (
    id TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE vpcs (
    id         TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    cidr       TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX vpcs_project ON vpcs (project_id, created, id);

CREATE TABLE subnets (
    id           TEXT NOT NULL PRIMARY KEY,
    project_id   TEXT NOT NULL,
    vpc_id       TEXT NOT NULL REFERENCES vpcs (id),
    name         TEXT NOT NULL,
    cidr         TEXT NOT NULL,
    gateway      TEXT NOT NULL,
    dns          TEXT NOT NULL, -- a JSON array
    network      TEXT NOT NULL,
    is_default   BOOLEAN NOT NULL,
    created      TIMESTAMPTZ NOT NULL,
    last_address BIGINT NOT NULL -- as a number; the search for a free one goes on behind it
);
CREATE INDEX subnets_project ON subnets (project_id, created, id);
CREATE INDEX subnets_vpc ON subnets (vpc_id);

CREATE TABLE security_groups (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    is_default  BOOLEAN NOT NULL,
    created     TIMESTAMPTZ NOT NULL
);
CREATE INDEX security_groups_project ON security_groups (project_id, created, id);

CREATE TABLE users (
    id                   TEXT NOT NULL PRIMARY KEY,
    project_id           TEXT NOT NULL,
    name                 TEXT NOT NULL,
    name_folded          TEXT NOT NULL,
    email                TEXT NOT NULL,
    phone                TEXT NOT NULL,
    alias                TEXT NOT NULL,
    description          TEXT NOT NULL,
    description_folded   TEXT NOT NULL,
    activation           TEXT NOT NULL,
    password_hash        TEXT NOT NULL,
    expires              TIMESTAMPTZ,
    locked               BOOLEAN NOT NULL,
    disabled             BOOLEAN NOT NULL,
    may_change_password  BOOLEAN NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    enterprise_id        TEXT NOT NULL,
    language             TEXT NOT NULL,
    failed_sign_ins      BIGINT NOT NULL,
    blocked_until        TIMESTAMPTZ,
    created              TIMESTAMPTZ NOT NULL,
    updated              TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX users_name_folded ON users (project_id, name_folded);
CREATE INDEX users_created ON users (project_id, created, id);
CREATE INDEX users_sign_in ON users (name_folded);

CREATE TABLE desktops (
    id             TEXT NOT NULL PRIMARY KEY,
    project_id     TEXT NOT NULL,
    pool_id        TEXT NOT NULL,
    type           TEXT NOT NULL,
    name           TEXT NOT NULL,
    name_folded    TEXT NOT NULL,
    host_name      TEXT NOT NULL,
    ou_name        TEXT NOT NULL,
    product_id     TEXT NOT NULL,
    image_id       TEXT NOT NULL,
    zone           TEXT NOT NULL,
    subnet_id      TEXT NOT NULL REFERENCES subnets (id),
    address        TEXT NOT NULL,
    address_number BIGINT NOT NULL, -- the address as a number; 0 without one
    enterprise_id  TEXT NOT NULL,
    status         TEXT NOT NULL,
    task           TEXT NOT NULL,
    task_owner     TEXT NOT NULL,
    login          TEXT NOT NULL,
    fault          TEXT NOT NULL,
    in_maintenance BOOLEAN NOT NULL,
    created        TIMESTAMPTZ NOT NULL,
    updated        TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX desktops_name_folded ON desktops (project_id, name_folded);
CREATE UNIQUE INDEX desktops_address_number ON desktops (subnet_id, address_number) WHERE address_number > 0;
CREATE INDEX desktops_created ON desktops (project_id, created, id);
CREATE INDEX desktops_pool ON desktops (project_id, pool_id, created, id);

CREATE TABLE volumes (
    id         TEXT NOT NULL PRIMARY KEY,
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL, -- 0 is the system disk
    type       TEXT NOT NULL,
    gb         BIGINT NOT NULL,
    device     TEXT NOT NULL,
    name       TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX volumes_desktop ON volumes (desktop_id, position);

CREATE TABLE desktop_tags (
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (desktop_id, position)
);
CREATE INDEX desktop_tags_key ON desktop_tags (key, value, desktop_id);

CREATE TABLE desktop_security_groups (
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL,
    group_id   TEXT NOT NULL REFERENCES security_groups (id),
    PRIMARY KEY (desktop_id, position)
);
CREATE INDEX desktop_security_groups_group ON desktop_security_groups (group_id);

CREATE TABLE assignments (
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL, -- among those of the same time
    user_group TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (desktop_id, user_id)
);
CREATE INDEX assignments_user ON assignments (user_id, desktop_id);

CREATE TABLE jobs (
    id         TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    type       TEXT NOT NULL,
    pool_id    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX jobs_created ON jobs (project_id, created, id);

CREATE TABLE sub_jobs (
    id           TEXT NOT NULL PRIMARY KEY,
    job_id       TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    job_created  TIMESTAMPTZ NOT NULL, -- the job's, so that one index serves lists
    project_id   TEXT NOT NULL,
    type         TEXT NOT NULL,
    pool_id      TEXT NOT NULL,
    position     BIGINT NOT NULL,
    desktop_id   TEXT NOT NULL,
    params       TEXT, -- JSON
    desktop_name TEXT NOT NULL,
    product_id   TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    address      TEXT NOT NULL,
    host         TEXT NOT NULL,
    state        TEXT NOT NULL,
    step         TEXT NOT NULL,
    progress     BIGINT NOT NULL,
    code         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    run_at       TIMESTAMPTZ NOT NULL,
    deadline     TIMESTAMPTZ,
    attempt      BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    lease_owner  TEXT NOT NULL,
    lease_until  TIMESTAMPTZ,
    created      TIMESTAMPTZ NOT NULL,
    begun        TIMESTAMPTZ,
    ended        TIMESTAMPTZ
);
CREATE INDEX sub_jobs_job ON sub_jobs (job_id, project_id, position);
CREATE INDEX sub_jobs_list ON sub_jobs (project_id, job_created, job_id, position);
CREATE INDEX sub_jobs_desktop ON sub_jobs (desktop_id, project_id);
-- Few are unfinished and fewer have a worker: what workers ask stays fast however long the history.
CREATE INDEX sub_jobs_due ON sub_jobs (run_at, id) WHERE state IN ('WAITING', 'RUNNING');
CREATE INDEX sub_jobs_leased ON sub_jobs (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE mails (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    data       TEXT, -- JSON
    run_at     TIMESTAMPTZ NOT NULL,
    tries      BIGINT NOT NULL,
    last_fault TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX mails_due ON mails (run_at, id);

CREATE TABLE sign_ins (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created    TIMESTAMPTZ NOT NULL,
    expires    TIMESTAMPTZ NOT NULL
);
CREATE INDEX sign_ins_user ON sign_ins (user_id);
CREATE INDEX sign_ins_expires ON sign_ins (expires);

CREATE TABLE tickets (
    token_hash   TEXT NOT NULL PRIMARY KEY,
    desktop_id   TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    account      TEXT NOT NULL,
    sign_in_hash TEXT NOT NULL,
    expires      TIMESTAMPTZ NOT NULL
);
CREATE INDEX tickets_desktop ON tickets (desktop_id);
CREATE INDEX tickets_user ON tickets (user_id);
CREATE INDEX tickets_expires ON tickets (expires);

CREATE TABLE password_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires    TIMESTAMPTZ NOT NULL
);
CREATE INDEX password_tokens_user ON password_tokens (user_id);
CREATE INDEX password_tokens_expires ON password_tokens (expires);

CREATE TABLE connections (
    id           TEXT NOT NULL PRIMARY KEY,
    desktop_id   TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sign_in_hash TEXT NOT NULL,
    gateway      TEXT NOT NULL,
    opened       TIMESTAMPTZ NOT NULL,
    lease_until  TIMESTAMPTZ NOT NULL
);
CREATE INDEX connections_desktop ON connections (desktop_id, user_id);
CREATE INDEX connections_user ON connections (user_id);
CREATE INDEX connections_gateway ON connections (gateway);
CREATE INDEX connections_lease ON connections (lease_until);
