-- Orders of clients that buy what they want. They cost nothing and are fulfilled when they are placed.
CREATE TABLE orders (
    id            TEXT NOT NULL PRIMARY KEY,
    project_id    TEXT NOT NULL,
    type          TEXT NOT NULL,
    job_id        TEXT NOT NULL,
    enterprise_id TEXT NOT NULL,
    period_type   BIGINT NOT NULL,
    period_num    BIGINT NOT NULL,
    auto_renew    BOOLEAN NOT NULL,
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    created       TIMESTAMPTZ NOT NULL
);
CREATE INDEX orders_project ON orders (project_id, created, id);
CREATE INDEX orders_created ON orders (created);
