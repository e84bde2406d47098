-- Desktops and pools refer to their organisational unit by its id. Each name that they have is that of a unit: no other could be ordered,
-- and no unit was deleted while one was in it.

ALTER TABLE desktops ADD COLUMN ou_id TEXT REFERENCES ous (id);
UPDATE desktops SET ou_id = (SELECT o.id FROM ous AS o WHERE o.project_id = desktops.project_id AND o.name = desktops.ou_name) WHERE ou_name <> '';
DROP INDEX desktops_ou;
ALTER TABLE desktops DROP COLUMN ou_name;
CREATE INDEX desktops_ou ON desktops (ou_id) WHERE ou_id IS NOT NULL;

ALTER TABLE pools ADD COLUMN ou_id TEXT REFERENCES ous (id);
UPDATE pools SET ou_id = (SELECT o.id FROM ous AS o WHERE o.project_id = pools.project_id AND o.name = pools.ou_name) WHERE ou_name <> '';
ALTER TABLE pools DROP COLUMN ou_name;
CREATE INDEX pools_ou ON pools (ou_id) WHERE ou_id IS NOT NULL;
