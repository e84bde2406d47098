-- Authenticator apps with which people sign in, and recovery codes for when those are lost.

CREATE TABLE otp_devices (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret        TEXT NOT NULL, -- sealed
    status        TEXT NOT NULL,
    last_step     BIGINT NOT NULL, -- of the code that was used last
    failed        BIGINT NOT NULL,
    blocked_until TIMESTAMPTZ,
    created       TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX otp_devices_user ON otp_devices (user_id);
CREATE INDEX otp_devices_pending ON otp_devices (created) WHERE status = 'UNREGISTER';

CREATE TABLE recovery_codes (
    device_id TEXT NOT NULL REFERENCES otp_devices (id) ON DELETE CASCADE,
    hash      TEXT NOT NULL,
    PRIMARY KEY (device_id, hash)
);
