-- What was on the disks of desktops at a moment: on the system disk, or on all data disks. The content is in the engine, under the row's id.
CREATE TABLE snapshots (
    id             TEXT NOT NULL PRIMARY KEY,
    project_id     TEXT NOT NULL,
    desktop_id     TEXT NOT NULL REFERENCES desktops (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    name_folded    TEXT NOT NULL,
    description    TEXT NOT NULL,
    system         BOOLEAN NOT NULL, -- of the system disk; otherwise of the data disks
    automatic      BOOLEAN NOT NULL, -- taken before another one was restored
    status         TEXT NOT NULL,
    reason         TEXT NOT NULL, -- why the last restoration failed
    restored       TIMESTAMPTZ,
    created        TIMESTAMPTZ NOT NULL
);
CREATE INDEX snapshots_project ON snapshots (project_id, created, id);
CREATE INDEX snapshots_desktop ON snapshots (desktop_id, created, id);
