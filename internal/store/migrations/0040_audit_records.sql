-- Who changed what, or tried to. See docs/audit.md.

CREATE TABLE audit_records (
    id            TEXT PRIMARY KEY,
    project_id    TEXT NOT NULL,
    time          TIMESTAMPTZ NOT NULL,
    actor_id      TEXT NOT NULL, -- empty: Carrel itself
    actor_name    TEXT NOT NULL,
    actor_kind    TEXT NOT NULL, -- administrator, user, system
    credential    TEXT NOT NULL,
    address       TEXT NOT NULL,
    request_id    TEXT NOT NULL,
    operation     TEXT NOT NULL,
    action        TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id   TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    result        TEXT NOT NULL, -- success, refused, failed
    error_code    TEXT NOT NULL,
    error_msg     TEXT NOT NULL,
    job_id        TEXT NOT NULL,
    changes       TEXT           -- JSON: [{"field", "old", "new"}]
);
CREATE INDEX audit_records_age ON audit_records (time, id);
CREATE INDEX audit_records_project ON audit_records (project_id, time, id);
CREATE INDEX audit_records_resource ON audit_records (project_id, resource_id, time, id);
CREATE INDEX audit_records_actor ON audit_records (project_id, actor_id, time, id);
