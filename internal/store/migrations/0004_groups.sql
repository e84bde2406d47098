-- Groups of people.

CREATE TABLE people_groups (
    id                 TEXT NOT NULL PRIMARY KEY,
    project_id         TEXT NOT NULL,
    name               TEXT NOT NULL,
    name_folded        TEXT NOT NULL,
    description        TEXT NOT NULL,
    description_folded TEXT NOT NULL,
    created            TIMESTAMPTZ NOT NULL,
    updated            TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX people_groups_name_folded ON people_groups (project_id, name_folded);
CREATE INDEX people_groups_created ON people_groups (project_id, created, id);

CREATE TABLE memberships (
    group_id TEXT NOT NULL REFERENCES people_groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id, group_id);
