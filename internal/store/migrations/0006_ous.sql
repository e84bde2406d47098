-- Organisational units of the built-in directory. Desktops keep the name of theirs, which is changed with the unit's.

CREATE TABLE ous (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    created     TIMESTAMPTZ NOT NULL,
    updated     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX ous_name_folded ON ous (project_id, name_folded);
CREATE INDEX ous_created ON ous (project_id, created, id);
CREATE INDEX desktops_ou ON desktops (project_id, ou_name) WHERE ou_name <> '';
