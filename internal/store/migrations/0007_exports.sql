-- Lists that were asked for as files. The table is kept, and written in the format that is asked for when it is fetched.

CREATE TABLE exports (
    id          TEXT NOT NULL PRIMARY KEY,
    project_id  TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    rows        TEXT NOT NULL, -- JSON: an array of rows of texts
    downloaded  BOOLEAN NOT NULL,
    created     TIMESTAMPTZ NOT NULL,
    expires     TIMESTAMPTZ NOT NULL
);
CREATE INDEX exports_created ON exports (project_id, created, id);
CREATE INDEX exports_expires ON exports (expires);
