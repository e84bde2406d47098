-- Sub-jobs and records of scripts are in the enterprise project of their desktop: who may see only that one's desktops sees only those of its jobs, also
-- when the desktop is deleted.
ALTER TABLE sub_jobs ADD COLUMN enterprise_id TEXT NOT NULL DEFAULT '';
ALTER TABLE script_records ADD COLUMN enterprise_id TEXT NOT NULL DEFAULT '';

UPDATE sub_jobs SET enterprise_id = (SELECT d.enterprise_id FROM desktops AS d WHERE d.id = sub_jobs.desktop_id)
WHERE EXISTS (SELECT 1 FROM desktops AS d WHERE d.id = sub_jobs.desktop_id);
UPDATE script_records SET enterprise_id = (SELECT d.enterprise_id FROM desktops AS d WHERE d.id = script_records.desktop_id)
WHERE EXISTS (SELECT 1 FROM desktops AS d WHERE d.id = script_records.desktop_id);
