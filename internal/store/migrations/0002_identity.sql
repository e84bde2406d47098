-- Who may call the API: accounts, their projects, administrators, and what those show to prove who they are.

CREATE TABLE accounts (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    created TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounts_name ON accounts (name);

CREATE TABLE projects (
    id         TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (account_id, name);

CREATE TABLE admins (
    id            TEXT NOT NULL PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    name_folded   TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    created       TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX admins_name ON admins (account_id, name_folded);

-- Permanent and temporary access keys. The secret is sealed, for it is needed to verify signatures.
CREATE TABLE access_keys (
    id            TEXT NOT NULL PRIMARY KEY,
    admin_id      TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    sealed_secret TEXT NOT NULL,
    description   TEXT NOT NULL,
    created       TIMESTAMPTZ NOT NULL,
    last_used     TIMESTAMPTZ,
    temporary     BOOLEAN NOT NULL,
    project_id    TEXT NOT NULL, -- of temporary ones: the only project; empty: all
    token_hash    TEXT NOT NULL, -- of the security token of temporary ones
    expires       TIMESTAMPTZ,   -- of temporary ones
    failures      INTEGER NOT NULL,
    locked_until  TIMESTAMPTZ
);
CREATE INDEX access_keys_admin ON access_keys (admin_id);
CREATE INDEX access_keys_expires ON access_keys (expires);

CREATE TABLE tokens (
    hash       TEXT NOT NULL PRIMARY KEY,
    admin_id   TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL, -- empty: the whole account
    method     TEXT NOT NULL,
    issued     TIMESTAMPTZ NOT NULL,
    expires    TIMESTAMPTZ NOT NULL
);
CREATE INDEX tokens_expires ON tokens (expires);
CREATE INDEX tokens_admin ON tokens (admin_id);

-- Attempts to sign in with a password, per user and per address.
CREATE TABLE password_tries (
    id    TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    since TIMESTAMPTZ NOT NULL
);
CREATE INDEX password_tries_since ON password_tries (since);

-- What the first start made: one row or none.
CREATE TABLE bootstrap (
    slot            INTEGER NOT NULL,
    account_id      TEXT NOT NULL,
    project_id      TEXT NOT NULL,
    admin_id        TEXT NOT NULL,
    access_key      TEXT NOT NULL,
    sealed_password TEXT NOT NULL
);
CREATE UNIQUE INDEX bootstrap_slot ON bootstrap (slot);
