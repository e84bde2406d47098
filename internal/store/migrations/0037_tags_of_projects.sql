-- The keys of a project's tags are listed in order, and desktops with a tag are searched for in one project.

ALTER TABLE desktop_tags ADD COLUMN project_id TEXT NOT NULL DEFAULT '';
UPDATE desktop_tags SET project_id = (SELECT d.project_id FROM desktops AS d WHERE d.id = desktop_tags.desktop_id);
DROP INDEX desktop_tags_key;
CREATE INDEX desktop_tags_project ON desktop_tags (project_id, key, value, desktop_id);
