-- Groups of the API's callers (admins), to whom permissions can be given together. The people who work in desktops have their own.

CREATE TABLE iam_groups (
    id          TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    created     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX iam_groups_name_folded ON iam_groups (account_id, name_folded);

CREATE TABLE iam_group_members (
    group_id TEXT NOT NULL REFERENCES iam_groups (id) ON DELETE CASCADE,
    admin_id TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    created  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (group_id, admin_id)
);
CREATE INDEX iam_group_members_admin ON iam_group_members (admin_id);
