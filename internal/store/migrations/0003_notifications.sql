-- What became of the messages to people, and what those are about; people who are exempt from the expiry of passwords.

ALTER TABLE mails ADD COLUMN project_id TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN user_name TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN password_never_expires BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE notifications (
    id           TEXT NOT NULL PRIMARY KEY,
    project_id   TEXT NOT NULL,
    channel      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    user_folded  TEXT NOT NULL,
    desktop_name TEXT NOT NULL,
    desktop_folded TEXT NOT NULL,
    pool_name    TEXT NOT NULL, -- empty: not about a pool
    pool_folded  TEXT NOT NULL,
    sent         BOOLEAN NOT NULL,
    fault        TEXT NOT NULL,
    ended        TIMESTAMPTZ NOT NULL
);
CREATE INDEX notifications_list ON notifications (project_id, ended, id);
CREATE INDEX notifications_ended ON notifications (ended);
