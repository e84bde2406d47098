-- Authenticator apps of the API's callers, and which temporary keys came from a token for which a code was shown.

CREATE TABLE iam_mfa_devices (
    id         TEXT NOT NULL PRIMARY KEY,
    admin_id   TEXT NOT NULL REFERENCES admins (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    secret     TEXT NOT NULL, -- sealed
    registered BOOLEAN NOT NULL,
    last_step  BIGINT NOT NULL, -- of the code that was used last
    created    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX iam_mfa_devices_admin_id ON iam_mfa_devices (admin_id);
CREATE INDEX iam_mfa_devices_pending ON iam_mfa_devices (created) WHERE NOT registered;

ALTER TABLE admins ADD COLUMN mfa BOOLEAN NOT NULL DEFAULT FALSE; -- whether signing in needs a code
ALTER TABLE access_keys ADD COLUMN mfa BOOLEAN NOT NULL DEFAULT FALSE;
