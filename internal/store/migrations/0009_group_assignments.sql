-- Desktops that are given to groups of people, and what detaching them leaves behind.

CREATE TABLE group_assignments (
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    group_id   TEXT NOT NULL REFERENCES people_groups (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL, -- among those of the same time
    user_group TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (desktop_id, group_id)
);
CREATE INDEX group_assignments_group ON group_assignments (group_id, desktop_id);

-- Who may use which desktop, in their own name or through a group. Somebody may be there twice.
CREATE VIEW holdings AS
SELECT desktop_id, user_id FROM assignments
UNION ALL
SELECT g.desktop_id, m.user_id FROM group_assignments AS g JOIN memberships AS m ON m.group_id = g.group_id;

-- Accounts inside desktops that are not simply those of the people who have them: of people who no longer do, or who are
-- called something else by now. The user may have been deleted.
CREATE TABLE former_accounts (
    desktop_id TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL,
    name       TEXT NOT NULL, -- of the account inside
    erase      BOOLEAN NOT NULL, -- its data is to go
    changed    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (desktop_id, user_id)
);

-- From whom desktops were taken: the last time for each.
CREATE TABLE detachments (
    desktop_id  TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    holder_type TEXT NOT NULL,
    holder_id   TEXT NOT NULL,
    holder_name TEXT NOT NULL, -- as it was then
    user_group  TEXT NOT NULL,
    detached    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (desktop_id, holder_type, holder_id)
);
CREATE INDEX detachments_detached ON detachments (desktop_id, detached);
