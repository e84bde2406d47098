-- What a project authorizes the service to manage, as JSON. Projects from before had to authorize nothing, and go on like that.
ALTER TABLE projects ADD COLUMN agencies TEXT NOT NULL DEFAULT '[]';
UPDATE projects SET agencies = '[{"scene":"WORKSPACE","permissions":["desktops","images","networks"]}]';
