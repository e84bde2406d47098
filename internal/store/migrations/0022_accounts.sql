-- The login that a person has inside desktops. Until now it was the name in lower case.
ALTER TABLE users ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE users SET account = name_folded;
CREATE UNIQUE INDEX users_account ON users (project_id, account);
