-- What IMS shows of an image, and with which projects the project that owns one shares it. An image that is being deleted is gone for everybody; its
-- row goes when the engine has it no more.
ALTER TABLE images ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN protected BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE images ADD COLUMN size_mib BIGINT NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN deleting BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE images ADD COLUMN updated TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00.000000Z';
UPDATE images SET updated = created;
CREATE INDEX images_deleting ON images (id) WHERE deleting;

CREATE TABLE image_members (
    image_id   TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    status     TEXT NOT NULL,
    created    TIMESTAMPTZ NOT NULL,
    updated    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (image_id, project_id)
);
CREATE INDEX image_members_project_id ON image_members (project_id, status);
