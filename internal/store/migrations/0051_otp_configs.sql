-- Who in a project signs in to the portal with a code: for projects that have set it. The others go by the configuration of the program.

CREATE TABLE otp_configs (
    project_id TEXT NOT NULL PRIMARY KEY REFERENCES subscriptions (project_id) ON DELETE CASCADE,
    enabled    BOOLEAN NOT NULL,
    origin     TEXT NOT NULL, -- INTERNET or PRIVATE: only sign-ins from there need a code; empty: all
    created    TIMESTAMPTZ NOT NULL,
    updated    TIMESTAMPTZ NOT NULL
);

-- Users and groups who must use codes, and the object of type ALL. What refers to a user or group goes with it.
CREATE TABLE otp_objects (
    project_id TEXT NOT NULL REFERENCES otp_configs (project_id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    object_id  TEXT NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,         -- the object, if it is a user
    group_id   TEXT REFERENCES people_groups (id) ON DELETE CASCADE, -- the object, if it is a group
    created    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project_id, type, object_id)
);
CREATE INDEX otp_objects_list ON otp_objects (project_id, created, type, object_id);
CREATE INDEX otp_objects_user ON otp_objects (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX otp_objects_group ON otp_objects (group_id) WHERE group_id IS NOT NULL;

-- A sign-in whose user must set up an authenticator app before anything else. Sign-ins from before the requirement go on without.
ALTER TABLE sign_ins ADD COLUMN must_enrol BOOLEAN NOT NULL DEFAULT FALSE;
