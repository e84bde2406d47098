-- Failed attempts to sign in, by who and from which network, in place of counters that locked a person or key for everybody.

CREATE TABLE sign_in_attempts (
    subject  TEXT NOT NULL, -- "user:ID", "admin:ID", "codes:ID", "name:HASH"; "-": everybody
    network  TEXT NOT NULL, -- such as 192.0.2.0/24; "-": everywhere
    failures BIGINT NOT NULL,
    until    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, network)
);
CREATE INDEX sign_in_attempts_until ON sign_in_attempts (until);

-- From where somebody has signed in: failures elsewhere do not count there.
CREATE TABLE known_places (
    subject TEXT NOT NULL,
    network TEXT NOT NULL,
    used    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, network)
);
CREATE INDEX known_places_used ON known_places (used);

DROP TABLE password_tries;
ALTER TABLE users DROP COLUMN failed_sign_ins;
ALTER TABLE users DROP COLUMN blocked_until;
ALTER TABLE otp_devices DROP COLUMN failed;
ALTER TABLE otp_devices DROP COLUMN blocked_until;
ALTER TABLE access_keys DROP COLUMN failures;
ALTER TABLE access_keys DROP COLUMN locked_until;

-- A temporary key ends with the token that it was made of; "" for those made by a signature, and those of before.
ALTER TABLE access_keys ADD COLUMN made_of TEXT NOT NULL DEFAULT '';
CREATE INDEX access_keys_made_of ON access_keys (made_of) WHERE made_of <> '';
