-- The Workspace service of a project is opened and closed by the API, can be locked, and has an enterprise id, which is unique.
ALTER TABLE subscriptions ADD COLUMN status TEXT NOT NULL DEFAULT 'SUBSCRIBED';
ALTER TABLE subscriptions ADD COLUMN job_id TEXT NOT NULL DEFAULT ''; -- that opened or closed it last
ALTER TABLE subscriptions ADD COLUMN fail_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN enterprise_id TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN enterprise_folded TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN locked TIMESTAMPTZ;
ALTER TABLE subscriptions ADD COLUMN lock_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN known_users_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE subscriptions ADD COLUMN no_scripts BOOLEAN NOT NULL DEFAULT FALSE;

-- The first project keeps the one that it was shown with, the account's name; that of all others is their id.
UPDATE subscriptions SET enterprise_id = project_id;
UPDATE subscriptions SET enterprise_id = (SELECT a.name FROM bootstrap AS b JOIN accounts AS a ON a.id = b.account_id WHERE b.project_id = subscriptions.project_id)
    WHERE project_id IN (SELECT b.project_id FROM bootstrap AS b JOIN accounts AS a ON a.id = b.account_id);
UPDATE subscriptions SET enterprise_folded = LOWER(enterprise_id);
CREATE UNIQUE INDEX subscriptions_enterprise_folded ON subscriptions (enterprise_folded) WHERE enterprise_folded <> '';

-- Which project a network of the engine belongs to: two never share one, since each counts the free addresses of its own subnets.
CREATE TABLE networks (
    id         TEXT NOT NULL PRIMARY KEY, -- as the engine has it
    project_id TEXT NOT NULL
);
INSERT INTO networks (id, project_id) SELECT network, MIN(project_id) FROM subnets WHERE network <> '' GROUP BY network;
CREATE INDEX networks_project ON networks (project_id);

-- A subnet of the project that its service does not use now.
ALTER TABLE subnets ADD COLUMN withdrawn BOOLEAN NOT NULL DEFAULT FALSE;
