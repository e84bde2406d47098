-- How the computer names of new desktops are made.

CREATE TABLE name_policies (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    prefix      TEXT NOT NULL,
    with_user   BOOLEAN NOT NULL, -- the prefix holds the user's name
    digits      BIGINT NOT NULL,
    start       BIGINT NOT NULL,
    per_user    BOOLEAN NOT NULL,
    truncate    BOOLEAN NOT NULL,
    is_default  BOOLEAN NOT NULL,
    next        BIGINT NOT NULL, -- the number that all people's names go on with
    created     TIMESTAMPTZ NOT NULL,
    updated     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX name_policies_name_folded ON name_policies (project_id, name_folded);
CREATE INDEX name_policies_created ON name_policies (project_id, created, id);
