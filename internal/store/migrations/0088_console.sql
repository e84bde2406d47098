-- Sign-ins of administrators in the console: each is around a token of the identity API, sealed, and ends with it. What the browser has is only here
-- as its hash.
CREATE TABLE console_sessions (
    id           TEXT NOT NULL PRIMARY KEY,
    token_hash   TEXT NOT NULL REFERENCES tokens (hash) ON DELETE CASCADE,
    admin_id     TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    sealed_token TEXT NOT NULL,
    created      TIMESTAMPTZ NOT NULL,
    last_used    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX console_sessions_token ON console_sessions (token_hash);
CREATE INDEX console_sessions_admin ON console_sessions (admin_id);
