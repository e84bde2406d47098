-- Images that the engine no longer has stay for the desktops that were made of them.
ALTER TABLE images ADD COLUMN gone BOOLEAN NOT NULL DEFAULT FALSE;

-- Host names are unique in a project. Of those that are equal the oldest desktop keeps its own; the others get one made of their id.
CREATE INDEX desktops_host_names ON desktops (project_id, LOWER(host_name)); -- or the update would compare all with all
UPDATE desktops SET host_name = 'd-' || SUBSTR(id, 1, 8) || SUBSTR(id, 10, 4)
WHERE host_name <> '' AND EXISTS (
    SELECT 1 FROM desktops o
    WHERE o.project_id = desktops.project_id AND LOWER(o.host_name) = LOWER(desktops.host_name)
      AND (o.created < desktops.created OR o.created = desktops.created AND o.id < desktops.id)
);
DROP INDEX desktops_host_names;
CREATE UNIQUE INDEX desktops_host_name ON desktops (project_id, LOWER(host_name)) WHERE host_name <> '';
