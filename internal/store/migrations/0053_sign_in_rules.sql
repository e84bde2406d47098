-- The rules for passwords and lock-out of a project (JSON; empty: the usual ones), and what they need to know of passwords.

ALTER TABLE subscriptions ADD COLUMN sign_in_rules TEXT NOT NULL DEFAULT '';

-- When the present password was chosen; empty if that was before this column.
ALTER TABLE users ADD COLUMN password_set TIMESTAMPTZ;

-- Hashes of former passwords, while the project's rules say that they may not be chosen again.
CREATE TABLE former_passwords (
    id       TEXT NOT NULL PRIMARY KEY,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash     TEXT NOT NULL,
    replaced TIMESTAMPTZ NOT NULL
);
CREATE INDEX former_passwords_user ON former_passwords (user_id, replaced);
